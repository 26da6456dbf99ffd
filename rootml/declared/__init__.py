"""Adapters that are a short text: expressions over branches instead of Python.

A :class:`~rootml.declared.schema.Declaration` is read from YAML, in a model card or beside it;
:func:`~rootml.declared.adapter.declare` makes an ordinary adapter of it.
"""
