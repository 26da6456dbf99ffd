"""Several reports beside each other: networks, samples, data and simulation."""
