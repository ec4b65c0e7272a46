"""Kernels in C: the steps of rendering that numpy takes too many passes for."""
