"""Statements of textbooks as data."""
