"""The loops that Numba compiles."""
