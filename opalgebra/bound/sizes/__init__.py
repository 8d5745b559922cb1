"""Symbolic sizes: runs of indices that are affine in n."""
