"""A network or its problems in a form to read: table, JSON, CSV, Markdown, HTML."""
