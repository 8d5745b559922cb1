"""Block diagrams: what is drawn (``parts``), where it lies (``layout``), and how it looks (``vector``, ``letters``)."""
