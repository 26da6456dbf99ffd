"""ATLAS electrons: calorimeter cells, tracks and scalars, and their energy."""
