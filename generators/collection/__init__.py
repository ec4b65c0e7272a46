"""Collections: one dataset whose samples come from several recipes."""
