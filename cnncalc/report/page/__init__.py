"""One self-contained HTML page about a network, or about the difference between two."""
