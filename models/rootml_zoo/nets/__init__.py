"""Architectures of the shipped networks, one family a file; torch is needed to import them."""
