"""What the studies share: samples, trainings, energies, figures of merit, plots and records."""
