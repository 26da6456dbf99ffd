"""Drafts of model cards, from a network's file and an ntuple.

``network`` opens the file, ``outputs`` tries it, ``branches`` lists what the tree holds;
``tensors`` and ``matching`` guess which inputs are which branches, ``sentinels`` looks for values
that are none; ``draft`` puts them together, ``text`` writes them down.
"""
