"""Numbers from arrays or histograms; they know nothing of networks and reports."""
