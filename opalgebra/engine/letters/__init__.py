"""Operators taken apart into letters, and the machine that carries these out on any samples."""
