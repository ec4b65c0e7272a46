"""Versions in the words of others: citations and licences."""
