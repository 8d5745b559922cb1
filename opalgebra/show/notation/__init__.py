"""Expressions written: text, LaTeX, Python and SymPy."""
