"""Pictures of a network: its items (fold), their places (layout), their shapes (volumes, rows, blocks), and file formats."""
