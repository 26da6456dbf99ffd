"""What the studies share: samples, trainings, scores, numbers, plots and records."""
