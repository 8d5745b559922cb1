"""The letters on windows of arrays: filters between two rates, channels, weights, and what moves samples only."""
