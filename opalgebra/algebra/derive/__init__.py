"""From one side to the other by laws; simplified and inverse operators."""
