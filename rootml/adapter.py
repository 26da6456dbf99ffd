"""What an experiment's package provides: layouts of its files, views of its events.

    branches --Layout.decode--> logical columns --View.build--> tensors

A layout is one real file format. It names the branches that hold each logical column and
decodes them into canonical shape and unit, so that a view never knows which format was read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from rootml.spec import Array, Batch, TensorSpec

if TYPE_CHECKING:
    import awkward as ak

    from rootml.card import Output

Options = Mapping[str, str]


@dataclass(frozen=True)
class Branch:
    """One branch of a file format, as uproot names it (``tree[name]``).

    ``names`` lists the accepted spellings, preferred first. ``optional`` branches do not
    decide whether a layout matches.
    """

    names: tuple[str, ...]
    unit: str = ""
    optional: bool = False
    doc: str = ""


@dataclass(frozen=True)
class Layout:
    """One real file format of an experiment.

    ``trees``: names of trees that may hold it, as glob patterns without directory or cycle.
    ``branches``: the branches read, by the name under which ``decode`` receives them.
    ``columns``: for each logical column, the keys of ``branches`` it is decoded from.
    ``instead``: of some columns other such keys, for files that lack one of those; the first that
    are all there count.
    ``without``: branches that a tree in this layout does not have, as another layout has them.
    ``decode(raw, wanted, options)``: ``raw`` is a record array with a field per key of
    ``branches`` that was found and is needed; returns a record array with the wanted columns.
    ``configure(raw)``: looks at the first events and settles what the format leaves open
    (units), once a file; the result goes to ``decode`` and into the provenance.
    ``probes``: keys of ``branches`` that ``configure`` looks at, as far as they are present.
    ``refusal``: of a format that cannot be read: why, and what to do instead, as a file in it is
    told; such a layout needs no columns.
    ``per``: the collection (``"trk"``) whose objects an entry holds; None where an entry is the
    object itself. Outputs that a card gives per event are then written per object, unless the view
    lists the objects of whole events, counted by the branch ``counter`` (``n<per>`` unless given).
    ``default_model``: the network that judges where none is named, of a format that the adapter's
    cannot read or that has a better one; None: the adapter's, empty: one has to be named.
    """

    name: str
    trees: tuple[str, ...]
    branches: Mapping[str, Branch]
    columns: Mapping[str, tuple[str, ...]]
    decode: Callable[[ak.Array, tuple[str, ...], Options], ak.Array]
    configure: Callable[[ak.Array], Options] | None = None
    probes: tuple[str, ...] = ()
    instead: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    refusal: str = ""
    per: str | None = None
    counter: str = ""
    default_model: str | None = None
    doc: str = ""

    def ways(self, column: str) -> tuple[tuple[str, ...], ...]:
        """The keys of ``branches`` that a logical column may be decoded from; the first is best."""
        return tuple(filter(None, (self.columns.get(column), *self.instead.get(column, ()))))


@dataclass(frozen=True)
class Summary:
    """A number per row that tells whether an input looks like those of the training."""

    name: str
    compute: Callable[[Mapping[str, Array]], Array]
    unit: str = ""
    log: bool = False
    doc: str = ""


@dataclass(frozen=True)
class Variation:
    """A way in which the inputs of a view may be off, as for a systematic uncertainty.

    ``apply(events, value, seed)`` gives the logical columns as they would be: those of the view,
    and of others, such as the energy, as far as ``events`` has them. What is random in it follows
    from ``seed`` and the event itself, whatever events are beside it. Objects that it takes away it
    takes from all columns that list them, whatever they are called. ``value`` is in ``unit``;
    ``nominal`` is the one that changes nothing.
    """

    apply: Callable[[ak.Array, float, int], ak.Array]
    nominal: float
    unit: str = ""
    doc: str = ""


@dataclass(frozen=True)
class View:
    """A way to look at events as tensors, in physical units.

    ``columns``: logical columns that ``build`` needs. ``summaries``: what a card's training
    domain is made of. ``variations``: ways in which the inputs may be off, by name. ``blank``: an
    event in which nothing was seen is judged like any other, as of no hits are no tracks.
    ``members``: where a row is an event that lists its objects, the length of the lists: objects
    stand in the order of the file, what is behind the last is to be overlooked, and a tensor of
    bools, ``mask`` (the only one of their length unless given), tells which places are filled. A
    network may give a value for each place, which becomes one for each object where its card says
    ``per`` of the output.
    """

    name: str
    columns: tuple[str, ...]
    tensors: tuple[TensorSpec, ...]
    build: Callable[[ak.Array], Batch]
    summaries: tuple[Summary, ...] = ()
    doc: str = ""
    variations: Mapping[str, Variation] = field(default_factory=dict)
    blank: bool = False
    members: int = 0
    mask: str = ""

    def __post_init__(self) -> None:
        wanted = "bool", (self.members,)
        masks = [spec.name for spec in self.tensors if (spec.dtype, spec.shape) == wanted]
        if self.members and not self.mask and len(masks) == 1:
            object.__setattr__(self, "mask", masks[0])
        if self.members and self.mask not in masks:
            raise ValueError(
                f"view {self.name!r} lists up to {self.members} objects: expected one tensor of "
                f"bools of the shape ({self.members},) that tells which are there, or mask= to "
                f"name it (such tensors: {', '.join(masks) or 'none'})"
            )

    def lists(self, output: Output) -> bool:
        """Whether an output has a value for each object that a row lists."""
        return self.members > 0 and output.per is not None

    def row_shape(self, output: Output) -> tuple[int, ...]:
        """The shape in which a network gives an output for one row."""
        return (self.members, *output.shape) if self.lists(output) else output.shape


@dataclass(frozen=True)
class Reference:
    """What the experiment's files already carry, to compare a network with.

    A discriminant, or an estimate of the truth column ``estimates`` (in its unit). ``separates``:
    the truth label whose classes a discriminant tells apart; empty: that of the adapter.
    """

    column: str
    title: str
    higher_is_signal: bool = True
    estimates: str = ""
    separates: str = ""


@dataclass(frozen=True)
class Against:
    """A logical column that figures of a validation are shown against, beside the energy.

    ``title`` and ``unit`` stand at its axis. ``edges``: those of its bins, increasing; None: bins
    that are about evenly filled.
    """

    column: str
    title: str
    unit: str = ""
    edges: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Truth:
    """Which logical columns hold the truth, where a file has it.

    ``label`` counts through ``classes`` (0 = background, 1 = signal, ...); -1 is of no class.
    """

    label: str | None = None
    classes: tuple[str, ...] = ()
    energy: str | None = None


@dataclass(frozen=True)
class Adapter:
    """All that rootml knows of one experiment.

    ``default_model``: the network that judges where none is named and the layout has none of its
    own; empty: one has to be named. ``energy``: the logical column with the reconstructed energy
    in GeV, for plots against energy; ``against``: what else they are shown against, where files
    have it. ``label``: what stands beside ``title`` on plots of files with truth; empty means
    "Simulation". ``simulate(n, rng, **options)`` returns events whose fields are the branches of
    ``layouts[0]`` plus ``truth_*``; ``write(path, n, rng, layout=, progress=, **options)`` writes
    them to a file; ``simulation_options`` documents the options.
    """

    name: str
    title: str
    layouts: tuple[Layout, ...]
    views: Mapping[str, View]
    default_model: str = ""
    simulate: Callable[..., ak.Array] | None = None
    simulation_options: Mapping[str, str] = field(default_factory=dict)
    write: Callable[..., Any] | None = None
    truth: Truth = Truth()
    energy: str | None = None
    against: tuple[Against, ...] = ()
    references: tuple[Reference, ...] = ()
    label: str = ""
    doc: str = ""

    def default_of(self, layout: Layout) -> str:
        """The network that judges files of a layout where none is named; empty: there is none."""
        if layout.refusal:
            return ""
        return self.default_model if layout.default_model is None else layout.default_model

    def labelled(self, label: str, classes: tuple[str, ...]) -> Adapter:
        """The same, with another truth label; itself where ``label`` is empty."""
        if not label:
            return self
        truth = replace(self.truth, label=label, classes=classes)
        own = self.truth.label or ""
        found = (r for r in self.references if r.estimates or (r.separates or own) == label)
        return replace(self, truth=truth, references=tuple(found))
