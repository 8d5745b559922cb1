"""Arrays of any kind at the door: NumPy, CuPy, Dask and torch; precision and memory."""
