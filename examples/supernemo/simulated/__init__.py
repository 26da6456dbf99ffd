"""What the page on the simulation of SuperNEMO is made of."""
