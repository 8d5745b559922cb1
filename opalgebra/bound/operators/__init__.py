"""Operators on arrays: A.on(n), and products, sums and transposes of these."""
