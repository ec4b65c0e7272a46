"""The scores that every version is released with: floors and trained networks."""
