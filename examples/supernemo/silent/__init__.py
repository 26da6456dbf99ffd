"""What the page on dead cells of SuperNEMO is made of."""
