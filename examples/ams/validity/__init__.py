"""Whether the simulation is right: measured on simulated events, beside the literature."""
