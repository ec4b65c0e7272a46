"""From a finished build to a version that readers see whole or not at all."""
