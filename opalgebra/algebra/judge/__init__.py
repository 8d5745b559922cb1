"""What judges the prover: plain evaluation, enclosures of numbers, and witnesses put to the statement."""
