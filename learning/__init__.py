"""Learning from datasets: networks, training, and the floors that they are compared with."""
