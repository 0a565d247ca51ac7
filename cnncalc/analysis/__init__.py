"""Inferred derived from a graph that name no kind."""
