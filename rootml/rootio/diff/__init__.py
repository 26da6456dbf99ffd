"""Comparing two ROOT files: what was added, changed, lost."""
