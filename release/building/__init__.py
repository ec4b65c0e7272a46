"""From a recipe to a hashed Zarr store, over cores or a cluster."""
