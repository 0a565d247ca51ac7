"""One network as a table, JSON, CSV, Markdown or HTML."""
