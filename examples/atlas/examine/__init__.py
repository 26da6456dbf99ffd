"""What the page on the simulation's physics is made of."""
