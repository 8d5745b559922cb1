"""Proofs as files, and proofs replayed."""
