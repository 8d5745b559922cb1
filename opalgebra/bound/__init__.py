"""Operators on arrays: windows, boundaries, and what is proved of them."""
