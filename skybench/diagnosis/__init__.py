"""Where a model breaks: what its errors depend on, in sentences, figures and a page."""
