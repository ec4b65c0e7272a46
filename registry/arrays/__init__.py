"""The Zarr form of a dataset, read and written within bounds."""
