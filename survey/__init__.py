"""Simulated sources in real frames: injection, cutouts, completeness."""
