"""Tasks, truth, predictions, metrics and the records of scores."""
