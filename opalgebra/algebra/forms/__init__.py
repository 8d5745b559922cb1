"""Forms of an operator: its matrix, its polyphase matrix."""
