"""Text → graph: the spec language."""
