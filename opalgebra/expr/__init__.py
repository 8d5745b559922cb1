"""Expressions: signals and operators as frozen trees."""
