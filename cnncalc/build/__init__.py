"""Builds graphs: only this package makes nodes and groups, for networks of every format."""
