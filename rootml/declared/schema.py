"""What a declared adapter may say: the keys of the text, and what each of them does.

Expressions are written as for ``TTree::Draw``: ``log(Electron_pt)``, ``x[0]``,
``Sum$(Jet_pt * (Jet_pt > 30))``. A value is *missing* where an index is beyond the end of a list,
where a list without elements has no maximum, and where a sentinel says so.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    model_serializer,
    model_validator,
)

VIEW = "declared"
"""The name of the one view that a declared adapter has."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Expression = Annotated[
    str,
    Field(min_length=1, max_length=10_000),
    BeforeValidator(lambda value: str(value) if type(value) in (int, float) else value),
]
"""A formula over branches, variables and numbers."""


def _nan_as_text(value: object) -> object:
    return "nan" if isinstance(value, float) and math.isnan(value) else value


def _sentinels(value: object) -> object:
    """A list is short for a mapping that makes each of them missing."""
    if isinstance(value, list | tuple):
        value = dict.fromkeys(value, "missing")
    if isinstance(value, Mapping):
        return {_nan_as_text(key): item for key, item in value.items()}
    return value


Number = Annotated[float, Field(allow_inf_nan=False)]
Sentinels = Annotated[
    dict[int | float | Literal["nan"], Number | Literal["missing"]], BeforeValidator(_sentinels)
]
"""Values of branches that stand for something else: ``[-999, .nan]`` are missing; of a mapping
``{-999: 0, -1: missing}`` each is replaced. A branch of float32 is compared in float32."""
Missing = Annotated[Number | Literal["nan", "unjudged"], BeforeValidator(_nan_as_text)]
"""What a network sees for a missing value: a number, ``nan`` (for networks that take it), or
nothing: the event or object is then not judged, and gets NaN."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Short(_Part):
    """A part that a text alone may stand for, that of its key ``value``."""

    value: Expression

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, data: object) -> object:
        return data if isinstance(data, Mapping | BaseModel) else {"value": data}

    @model_serializer(mode="wrap")
    def _shorten(self, handler: SerializerFunctionWrapHandler) -> Any:
        data = handler(self)
        return data["value"] if data.keys() == {"value"} else data


class BranchSource(_Part):
    """The branch that a name in the expressions stands for."""

    names: tuple[str, ...] = Field(min_length=1)
    """Accepted spellings, preferred first, as uproot names the branch."""
    unit: str = ""
    doc: str = ""

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, data: object) -> object:
        if isinstance(data, str):
            return {"names": (data,)}
        return {"names": data} if isinstance(data, list | tuple) else data


class Vector(_Part):
    """A four-vector per event or object, in any coordinates that the vector library takes:
    ``{pt, eta, phi, mass}``, ``{pt, eta, phi, energy}``, ``{px, py, pz, energy}``, ...

    A name alone, ``Electron``, stands for ``Electron_pt``, ``Electron_eta``, ``Electron_phi`` and
    ``Electron_mass``.
    """

    px: Expression | None = None
    py: Expression | None = None
    pt: Expression | None = None
    phi: Expression | None = None
    pz: Expression | None = None
    eta: Expression | None = None
    theta: Expression | None = None
    mass: Expression | None = None
    energy: Expression | None = None

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, data: object) -> object:
        if isinstance(data, str):
            return {key: f"{data}_{key}" for key in ("pt", "eta", "phi", "mass")}
        return data

    @model_validator(mode="after")
    def _check(self) -> Self:
        given = set(self.coordinates)
        transverse = given & {"px", "py", "pt", "phi"}
        if transverse not in ({"px", "py"}, {"pt", "phi"}) or len(given - transverse) != 2:
            raise ValueError(_COORDINATES)
        if len(given & {"pz", "eta", "theta"}) != 1:
            raise ValueError(_COORDINATES)
        return self

    @property
    def coordinates(self) -> dict[str, str]:
        """The expression of each coordinate that is given."""
        return {key: value for key, value in self if value is not None}


_COORDINATES = "a vector has pt and phi (or px and py), eta (or pz, theta), and mass (or energy)"

OF_SUM = ("mass", "pt", "eta", "phi", "energy", "rapidity")
OF_PAIR = ("deltaR", "deltaeta", "deltaphi", "transverse_mass", "nearest_deltaR")
Vectors = tuple[Expression, ...]
Pair = tuple[Expression, Expression]


class Kinematics(_Part):
    """One quantity of four-vectors: names of ``vectors``, also with an index: ``electrons[0]``.

    ``mass``, ``pt``, ``eta``, ``phi``, ``energy`` and ``rapidity`` are those of the sum of all
    that are listed. Of a pair: ``deltaR``, ``deltaeta`` and ``deltaphi`` (in -pi..pi), first minus
    second; ``transverse_mass``, sqrt(2 pt1 pt2 (1 - cos deltaphi)); ``nearest_deltaR``, for each of
    the first the distance of the nearest of the second (missing, where there is none).
    """

    mass: Vectors | None = None
    pt: Vectors | None = None
    eta: Vectors | None = None
    phi: Vectors | None = None
    energy: Vectors | None = None
    rapidity: Vectors | None = None
    deltaR: Pair | None = None
    deltaeta: Pair | None = None
    deltaphi: Pair | None = None
    transverse_mass: Pair | None = None
    nearest_deltaR: Pair | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        given = [key for key, value in self if value is not None]
        if len(given) != 1:
            known = ", ".join((*OF_SUM, *OF_PAIR))
            raise ValueError(f"one quantity of vectors is needed, of {known}; found {given}")
        return self

    @property
    def quantity(self) -> str:
        """Which one it is."""
        return next(key for key, value in self if value is not None)

    @property
    def of(self) -> tuple[str, ...]:
        """The vectors it is of."""
        of: tuple[str, ...] = getattr(self, self.quantity)
        return of


def _kind(value: object) -> str:
    return "kinematics" if isinstance(value, Mapping | Kinematics) else "expression"


Variable = Annotated[
    Annotated[Expression, Tag("expression")] | Annotated[Kinematics, Tag("kinematics")],
    Discriminator(_kind),
]


class InputColumn(_Short):
    """One number that the network sees: an expression, or more about it.

    Done in this order: sentinels of the branches, the expression, ``clip``, ``missing``.
    """

    name: str = ""
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
        return self.name or re.sub(r"\W+", "_", self.value).strip("_")


class Tensor(_Part):
    """One tensor that the network takes; a list alone stands for its ``columns``.

    ``columns`` alone: shape (columns,), one row per event or object. With ``length``: the columns
    of a list per event, cut or padded, (length, columns). ``array``: one branch or expression with
    a fixed number of values per event, in the ``shape`` given.
    """

    columns: tuple[InputColumn, ...] = ()
    """In the order in which the network takes them."""
    length: int | None = Field(default=None, ge=1)
    select: Expression | None = None
    """Which elements of the list count."""
    order: Expression | None = None
    """Smallest first (``-Jet_pt``: hardest first), equal ones as they come; None: as they come."""
    pad: Number = 0.0
    """What stands in all columns of elements that are not there."""
    mask: str = ""
    """Name of a tensor of bools (length,), True for elements that are there; empty: none."""
    array: InputColumn | None = None
    shape: tuple[Annotated[int, Field(ge=1)], ...] = ()
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
        padded = {"select", "order", "pad", "mask"} & self.model_fields_set
        if padded and self.length is None:
            raise ValueError(f"{', '.join(sorted(padded))}: only with a length")
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


class DeclaredTruth(_Part):
    """What simulated files know; files without these branches are tagged all the same."""

    label: Expression | None = None
    """Counts through ``classes`` (0 first); anything else is of no class."""
    classes: tuple[str, ...] = ("background", "signal")
    energy: Expression | None = None
    """True energy in GeV."""


class DeclaredReference(_Short):
    """A discriminant or an estimate that the files already carry, to compare a network with."""

    name: Name
    title: str = ""
    higher_is_signal: bool = True
    estimates: str = ""
    """The variable with the true value of what it estimates."""


class Declaration(_Part):
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
    select: Expression | None = None
    """Which events or objects are judged; the others get NaN, as where it is missing."""
    branches: dict[Name, BranchSource] = Field(default_factory=dict)
    """Names for branches whose own names no expression can hold (``demfit/x``, ``evtinfo.``), or
    that are called differently from file to file. All other names are those of branches."""
    vectors: dict[Name, Vector] = Field(default_factory=dict)
    variables: dict[Name, Variable] = Field(default_factory=dict)
    """Intermediate values; each may use those above it. Cards can name them (``estimates``)."""
    tensors: dict[str, Tensor] = Field(min_length=1)
    """What the network takes, by the names of its inputs (or those a card's ``inputs`` map)."""
    sentinels: Sentinels = Field(default_factory=dict)
    missing: Missing = "unjudged"
    truth: DeclaredTruth = DeclaredTruth()
    energy: Expression | None = None
    """Reconstructed energy in GeV, for plots against energy."""
    references: tuple[DeclaredReference, ...] = ()

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
        return self
