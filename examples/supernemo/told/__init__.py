"""What the page on classes of SuperNEMO's events is made of."""
