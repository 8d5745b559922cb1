"""What is proved of operators on arrays."""
