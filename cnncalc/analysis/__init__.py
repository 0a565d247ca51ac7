"""Analyses of a graph that do not depend on the kinds of its layers."""
