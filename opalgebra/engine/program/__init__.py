"""Programs: the values of an operator on windows of arrays, planned once and run many times."""
