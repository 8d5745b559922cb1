"""Exact numbers: the rings in which statements are decided."""
