"""The ways of computing a filter, and the choice between them."""
