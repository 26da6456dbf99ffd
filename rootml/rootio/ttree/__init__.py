"""Branches added to a TTree at byte level: references traced, baskets written, metadata spliced."""
