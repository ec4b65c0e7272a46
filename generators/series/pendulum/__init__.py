"""Pendulums, free and damped."""
