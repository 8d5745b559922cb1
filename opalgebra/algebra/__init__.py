"""The algebra: canonical forms, decision, laws, derivations."""
