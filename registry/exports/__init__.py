"""Formats that versions and datasets are written in for others: one file a format."""
