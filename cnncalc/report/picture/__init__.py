"""Pictures of a network: what is drawn (fold), where (layout), as which shapes (volumes, rows, blocks), in which file format."""
