"""Animations of convolution arithmetic."""
