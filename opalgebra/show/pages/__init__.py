"""Pages: derivations and proofs as text, HTML, Markdown and LaTeX documents."""
