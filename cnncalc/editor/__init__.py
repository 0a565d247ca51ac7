"""Editor features as pure functions of a text and a position; `server` speaks the language server protocol."""
