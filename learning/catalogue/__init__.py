"""Catalogues of what a network says of unlabelled samples, and surveys learnt from one another."""
