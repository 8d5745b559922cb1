"""The cheapest equal operator."""
