"""The site of a store: static pages about its versions, their scores and their models."""
