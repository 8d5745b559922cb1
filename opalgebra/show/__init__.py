"""Rendering: expressions, derivations and proofs as text, LaTeX, Markdown and code."""
