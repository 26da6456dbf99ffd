"""From counts to the figures of a report, and what of it can be drawn."""
