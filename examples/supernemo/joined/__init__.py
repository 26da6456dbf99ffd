"""Agglomerative clustering of hits, and what it is worth."""
