"""Networks at work: engines that run a graph, and the model that joins one to its card."""
