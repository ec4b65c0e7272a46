"""Versions in the words of others: citations, licences and cards."""
