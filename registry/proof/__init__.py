"""Checks of files, rows and whole versions against their hashes."""
