"""What is published: manifests, and the chained and signed index that lists them."""
