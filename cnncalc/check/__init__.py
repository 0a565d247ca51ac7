"""`check`: many files, each looked at on its own, and what is to be said of all of them."""
