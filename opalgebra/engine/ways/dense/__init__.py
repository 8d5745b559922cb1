"""Dense work between channels, by libraries made for it: BLAS for matrix products, oneDNN for convolutions."""
