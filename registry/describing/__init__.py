"""Versions in the words of others: Croissant, citations, licences."""
