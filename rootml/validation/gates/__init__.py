"""Conditions on figures that make a validation fail."""
