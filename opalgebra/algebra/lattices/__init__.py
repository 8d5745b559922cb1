"""Sublattices of ℤⁿ, and what is public of sampling matrices."""
