"""What a batch run is going to do, and what it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rootml.card import ModelCard
from rootml.errors import without_secrets
from rootml.rootio.remote import Location
from rootml.spec import Column

if TYPE_CHECKING:
    from rootml.rootio import FileDiff


@dataclass(frozen=True)
class PlannedModel:
    """A network, and how it reads the tree."""

    card: ModelCard
    adapter: str
    layout: str
    layout_options: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """The plan of this network as plain values."""
        return {
            "name": self.card.name,
            "version": self.card.version,
            "sha256": self.card.network.sha256,
            "adapter": self.adapter,
            "layout": self.layout,
            "layout_options": dict(self.layout_options),
        }


@dataclass(frozen=True)
class TagPlan:
    """What :func:`rootml.tag_file` reads, runs and writes.

    ``replaced``: branches that give way to new ones of their names; ``dropped``: cuts on
    these and variations of these that are not made again.
    """

    source: str
    target: Location
    in_place: bool
    output: str
    tree: str
    entries: int
    entry_range: tuple[int, int]
    branches_read: tuple[str, ...]
    models: tuple[PlannedModel, ...]
    columns: tuple[Column, ...]
    replaced: tuple[str, ...]
    dropped: tuple[str, ...]
    plots: Path | None

    def to_json(self) -> dict[str, Any]:
        """The plan as plain values."""
        return {
            "source": without_secrets(self.source),
            "target": without_secrets(str(self.target)),
            "in_place": self.in_place,
            "output": self.output,
            "tree": self.tree,
            "entries": self.entries,
            "entry_range": list(self.entry_range),
            "branches_read": list(self.branches_read),
            "models": [model.to_json() for model in self.models],
            "branches_added": [
                {"name": c.name, "dtype": c.dtype, "per": c.per or "event", "unit": c.unit}
                for c in self.columns
            ],
            "branches_replaced": list(self.replaced),
            "branches_dropped": list(self.dropped),
            "plots": None if self.plots is None else str(self.plots),
        }


@dataclass(frozen=True)
class TagResult:
    """What :func:`rootml.tag_file` did.

    ``judged``: by model, how many events or objects its network judged. ``figures``: by
    model, the numbers of its validation report. ``verified``: how the output differs from the
    source, where that was asked for (nothing is lost or changed). ``seconds``: by stage;
    ``total`` is the whole.
    """

    plan: TagPlan
    dry_run: bool
    judged: Mapping[str, int] = field(default_factory=dict)
    verified: FileDiff | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    figures: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    files: tuple[Location, ...] = ()

    @property
    def events(self) -> int:
        """How many events went through the networks."""
        return self.plan.entry_range[1] - self.plan.entry_range[0]

    @property
    def rate(self) -> float:
        """Events per second, reading, running and writing together."""
        tagging = self.seconds.get("tag", 0.0)
        return self.events / tagging if tagging > 0 else 0.0

    def to_json(self) -> dict[str, Any]:
        """The account as plain values."""
        return self.plan.to_json() | {
            "dry_run": self.dry_run,
            "events": self.events,
            "judged": dict(self.judged),
            "verified": self.verified and self.verified.to_json(),
            "seconds": dict(self.seconds),
            "events_per_second": self.rate,
            "figures": {name: dict(values) for name, values in self.figures.items()},
            "files": [without_secrets(str(path)) for path in self.files],
        }
