"""Arrays: where they lie, their arithmetic, their windows, and how they continue beyond."""
