"""What is said of layers: identities between them, traces, checkerboards."""
