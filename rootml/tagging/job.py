"""What one network does in a batch run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rootml.rootio.source import Source
from rootml.tagger import Annotation, Tagger

if TYPE_CHECKING:
    import awkward as ak

    from rootml.validation import Collector


@dataclass(frozen=True)
class Job:
    """A network, the tree as its adapter sees it, and the collector of its validation, if any.

    Networks of one adapter share the source.
    """

    source: Source
    tagger: Tagger
    collector: Collector | None

    @property
    def name(self) -> str:
        """That of the model."""
        return self.tagger.model.card.name

    @property
    def columns(self) -> tuple[str, ...]:
        """Logical columns to read: all that the tagger needs, what the validation finds there."""
        wished = () if self.collector is None else self.collector.columns
        return (*self.tagger.reads, *filter(self.source.decoder.has, wished))

    def __call__(self, events: ak.Array) -> Annotation:
        """Judge events given as the logical columns, and count them for the validation."""
        said = self.tagger(events)
        if self.collector is not None:
            self.collector.fill(events, said.batch, said.outputs)
        return said


def columns_by_source(jobs: Sequence[Job]) -> Mapping[Source, tuple[str, ...]]:
    """The logical columns that the jobs need of each source, each once."""
    needed: dict[Source, dict[str, None]] = {}
    for job in jobs:
        needed.setdefault(job.source, {}).update(dict.fromkeys(job.columns))
    return {source: tuple(columns) for source, columns in needed.items()}
