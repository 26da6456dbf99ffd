"""What the studies of counting share: events, networks, accuracies, plots and records."""
