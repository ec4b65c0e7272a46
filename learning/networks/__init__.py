"""Networks that can be trained on datasets: one file each, and the table of all."""
