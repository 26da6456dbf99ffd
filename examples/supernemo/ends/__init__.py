"""Where tracks end: by a rule, and by a network."""
