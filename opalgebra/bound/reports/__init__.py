"""What an operator on arrays costs, how it is computed, and how it is inverted."""
