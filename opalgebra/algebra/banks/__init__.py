"""Filter banks and wavelets."""
