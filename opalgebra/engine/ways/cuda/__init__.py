"""Filters on a GPU: CUDA source, its plans, and launches."""
