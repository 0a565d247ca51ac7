"""Builds graphs: the one place that makes nodes and groups, whatever format describes the network."""
