"""What a declared adapter may say: the keys of the text, and what each of them does.

Expressions are written as for ``TTree::Draw``: ``log(Electron_pt)``, ``x[0]``,
``Sum$(Jet_pt * (Jet_pt > 30))``. A value is *missing* where an index is beyond the end of a list,
where a list without elements has no maximum, and where a sentinel says so.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from rootml.declared.kinematics import Variable, Vector
from rootml.declared.parts import Expression, Label, Missing, Name, Number, Sentinels, Short
from rootml.errors import nearest
from rootml.yamltext import Part

VIEW = "declared"
"""The name of the one view that a declared adapter has."""


class BranchSource(Part):
    """The branch that a name in the expressions stands for."""

    names: tuple[str, ...] = Field(min_length=1)
    """Accepted spellings, preferred first, as uproot names the branch."""
    leaf: str = ""
    """Which one it is, of a branch of several leaves (a structure)."""
    unit: str = ""
    doc: str = ""

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, data: object) -> object:
        if isinstance(data, str):
            return {"names": (data,)}
        return {"names": data} if isinstance(data, list | tuple) else data


class InputColumn(Short):
    """One number that the network sees: an expression, or more about it.

    Done in this order: sentinels of the branches, the expression, ``clip``, ``missing``.
    """

    name: Label | Literal[""] = ""
    """What it is called in errors, domains and plots; empty: made of the expression."""
    clip: tuple[Number | None, Number | None] = (None, None)
    """Values below the first are set to it, values above the second to that."""
    sentinels: Sentinels | None = None
    """For the branches this expression names itself; None: those of the declaration."""
    missing: Missing | None = None
    """None: that of the declaration."""
    unit: str = ""
    doc: str = ""

    @property
    def label(self) -> str:
        """The name, or one made of the expression: ``log(Electron_pt)`` -> ``log_Electron_pt``."""
        return self.name or re.sub(r"\W+", "_", self.value).strip("_")[:200]


class Tensor(Part):
    """One tensor that the network takes; a list alone stands for its ``columns``.

    ``columns`` alone: shape (columns,), one row per event or object. With ``length``: the columns
    of a list per event, cut or padded, (length, columns). ``array``: one branch or expression with
    a fixed number of values per event, in the ``shape`` given; with ``at``, what each element of a
    list adds to an image of that shape.
    """

    columns: tuple[InputColumn, ...] = ()
    """In the order in which the network takes them."""
    length: int | None = Field(default=None, ge=1, le=1 << 16)
    select: Expression | None = None
    """Which elements of the list, or hits of the image, count."""
    order: Expression | None = None
    """Smallest first (``-Jet_pt``: hardest first), equal ones as they come; None: as they come."""
    pad: Number = 0.0
    """What stands in all columns of elements that are not there."""
    mask: Label | Literal[""] = ""
    """Name of a tensor of bools (length,), True for elements that are there; empty: none."""
    channels_first: bool = False
    """Shapes (columns, length) and, of the mask, (1, length), as ParticleNet takes them."""
    array: InputColumn | None = None
    shape: tuple[Annotated[int, Field(ge=1, le=1 << 20)], ...] = ()
    at: tuple[Expression, ...] = ()
    """Of an image: for each axis the cell of each hit, from 0. Hits in one cell add up."""
    axes: tuple[str, ...] = ()
    """What the axes of an array are called on plots."""
    dtype: Literal["float32", "float64", "int32", "int64"] = "float32"
    unit: str = ""
    doc: str = ""

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, data: object) -> object:
        return {"columns": data} if isinstance(data, list | tuple) else data

    @model_validator(mode="after")
    def _check(self) -> Self:
        if bool(self.columns) == (self.array is not None):
            raise ValueError("a tensor has either columns or an array")
        if bool(self.shape) != (self.array is not None):
            raise ValueError("an array needs its shape, and columns have none")
        padded = {"select", "order", "pad", "mask", "channels_first"} & self.model_fields_set
        padded -= {"select"} if self.at else set()
        if padded and self.length is None:
            raise ValueError(f"{', '.join(sorted(padded))}: only with a length")
        for key, given in {"at": self.at, "axes": self.axes}.items():
            if given and len(given) != len(self.shape):
                raise ValueError(f"{key!r} names {len(given)} axes of the shape {self.shape}")
        if self.length is not None and self.array is not None:
            raise ValueError("an array has a shape, not a length")
        labels = [column.label for column in self.columns]
        if twice := next((label for label in labels if labels.count(label) > 1), None):
            raise ValueError(f"two columns are called {twice!r}; give one another name")
        return self

    @model_serializer(mode="wrap")
    def _shorten(self, handler: SerializerFunctionWrapHandler) -> Any:
        data = handler(self)
        return data["columns"] if data.keys() == {"columns"} else data


class DeclaredTruth(Part):
    """What simulated files know; files without these branches are tagged all the same."""

    label: Expression | None = None
    """Counts through ``classes`` (0 first); anything else is of no class."""
    classes: tuple[str, ...] = ("background", "signal")
    energy: Expression | None = None
    """True energy in GeV."""


class DeclaredReference(Short):
    """A discriminant or an estimate that the files already carry, to compare a network with."""

    name: Name
    title: str = ""
    higher_is_signal: bool = True
    estimates: str = ""
    """The variable with the true value of what it estimates."""


class DeclaredVariation(Part):
    """A way in which branches may be off: all of ``scale`` are multiplied by its value.

    Sentinels stay what they are.
    """

    scale: tuple[Name, ...] = Field(min_length=1)
    """Branches, as the expressions name them."""
    doc: str = ""


class Declaration(Part):
    """An adapter as a text."""

    title: str = ""
    """What plots are headed with."""
    label: str = ""
    """What stands beside the title on plots of files with truth; empty: "Simulation"."""
    doc: str = ""
    trees: tuple[str, ...] = Field(default=("*",), min_length=1)
    """Names that the tree may have, as glob patterns; any tree that has the branches."""
    per: Name | None = None
    """The collection of which each object is judged (``Electron``); None: each event is."""
    counter: str = ""
    """The branch that counts the objects of ``per``; empty: ``n<per>``. A tree may lack it."""
    lists: Label | Literal[""] = ""
    """The tensor, of a length and with a mask, that lists the objects of ``per`` as they come: a
    network sees all of an event at once. Not judged are events with none, or more than its length.
    Empty: it sees each object for itself."""
    select: Expression | None = None
    """Which events or objects are judged; the others get NaN, as where it is missing."""
    branches: dict[Name, BranchSource] = Field(default_factory=dict)
    """Names for branches whose own names no expression can hold (``demfit/x``, ``evtinfo.``), that
    are called differently from file to file, or have several leaves. All other names are those of
    branches."""
    vectors: dict[Name, Vector] = Field(default_factory=dict)
    variables: dict[Name, Variable] = Field(default_factory=dict)
    """Intermediate values; each may use those above it. Cards can name them (``estimates``)."""
    tensors: dict[Label, Tensor] = Field(min_length=1)
    """What the network takes, by the names of its inputs; a card's ``inputs`` map other names."""
    sentinels: Sentinels = Field(default_factory=dict)
    missing: Missing = "unjudged"
    truth: DeclaredTruth = DeclaredTruth()
    energy: Expression | None = None
    """Reconstructed energy in GeV, for plots against energy."""
    references: tuple[DeclaredReference, ...] = ()
    variations: dict[Name, DeclaredVariation] = Field(default_factory=dict)
    """Systematic variations of what the tensors are made of, by name."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        names = [*self.branches, *self.vectors, *self.variables]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"the name {twice!r} is given to two things")
        tensors = [*self.tensors, *(t.mask for t in self.tensors.values() if t.mask)]
        if twice := next((name for name in tensors if tensors.count(name) > 1), None):
            raise ValueError(f"two tensors are called {twice!r}")
        if self.counter and not self.per:
            raise ValueError("a counter without a collection (per)")
        if self.lists:
            self._check_lists()
        return self

    def _check_lists(self) -> None:
        if not self.per:
            raise ValueError("lists: of which objects? Say per")
        if (tensor := self.tensors.get(self.lists)) is None:
            near = nearest(self.lists, self.tensors)
            raise ValueError(f"lists: there is no tensor {self.lists!r}{near}")
        if tensor.length is None or not tensor.mask:
            raise ValueError(f"lists: the tensor {self.lists!r} needs a length and a mask")
        if tensor.select or tensor.order or tensor.channels_first:
            raise ValueError(
                f"lists: the tensor {self.lists!r} has all objects as they come, each a line: "
                "without select, order and channels_first"
            )
