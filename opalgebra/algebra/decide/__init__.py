"""Whether two expressions are equal: walk, canonical form, decision, proof."""
