"""Configurations of other tools as recipes: one file a tool."""
