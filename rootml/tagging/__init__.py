"""Applying networks to events: lazily inside an analysis, or in batch to whole files."""

from rootml.tagging.batch import tag_file
from rootml.tagging.inline import annotate
from rootml.tagging.plan import TagPlan, TagResult

__all__ = ["TagPlan", "TagResult", "annotate", "tag_file"]
