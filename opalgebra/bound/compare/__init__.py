"""Operators and functions compared: a function is tried, and what it computes is told."""
