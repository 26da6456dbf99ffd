"""What is counted of a sample: histograms and sums that add over its parts."""
