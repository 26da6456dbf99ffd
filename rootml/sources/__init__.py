"""Where networks come from, and whether they are what they claim to be.

- ``references``: what a user may write for a model.
- ``places``: folders that are searched by name; ``cards``: the cards found in them.
- ``networks``: the file of a card's network, wherever it lies.
- ``download``, ``hub``, ``cache``: files from elsewhere, kept by their sha256.
- ``pack``, ``export``: models made ready for others.
"""
