"""`check`: validates many files and folders, and counts the results."""
