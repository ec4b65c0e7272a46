"""Systems of bodies under their own gravity."""
