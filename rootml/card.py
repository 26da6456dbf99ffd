"""Model cards: everything that is known of a trained network, in one YAML file.

A card names its network by file, format and sha256, its inputs by adapter and view, and its
outputs as columns. Unknown keys are refused, so that a misspelt key never goes unnoticed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self

import yaml
from packaging.version import InvalidVersion
from packaging.version import Version as PackageVersion
from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)

from rootml.coverage import Coverage
from rootml.declared.schema import VIEW, Declaration
from rootml.errors import RegistryError, nearest
from rootml.spec import Column
from rootml.working_point import Interval, WorkingPoint
from rootml.yamltext import Part, parse_mapping, read_mapping, validated

SUFFIX = ".card.yaml"


def _sortable(version: str) -> str:
    try:
        PackageVersion(version)
    except InvalidVersion:
        raise ValueError("must be a version as Python packages have them, like 1.2") from None
    return version


Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Version = Annotated[
    str, Field(pattern=r"^[0-9]+(\.[0-9]+)*([a-z0-9.+-]*)$"), AfterValidator(_sortable)
]


def beside_the_card(file: str) -> str:
    """The relative path ``file``; ValueError where it leaves the card's folder."""
    path = PurePosixPath(file)
    if path.is_absolute() or ".." in path.parts or "\\" in file or not path.name:
        raise ValueError("must be a relative path beside the card, without '..'")
    return file


def _adapter_kind(value: object) -> str:
    if isinstance(value, str):
        return "<file>" if value.endswith((".yaml", ".yml")) else "<name>"
    return "<declaration>"


AdapterChoice = Annotated[
    Annotated[Name, Tag("<name>")]
    | Annotated[str, AfterValidator(beside_the_card), Tag("<file>")]
    | Annotated[Declaration, Tag("<declaration>")],
    Discriminator(_adapter_kind),
]


class Bfloat16(Part):
    """What of a network may be computed in bfloat16: seen to give the same physics."""

    after: Annotated[str, Field(min_length=1)]
    """The graph's tensor up to which float32 is needed; all of what follows may be in bfloat16."""
    verified: Annotated[str, Field(min_length=1)]
    """On which events this was seen, and how scores and figures differed."""


class Network(Part):
    """The network's file, beside the card, and how its inputs are named in it."""

    file: str
    format: str = "onnx"
    engine: str = ""
    """What runs it; empty: the usual engine of the format."""
    sha256: Sha256
    url: str = ""
    """Where the file can be fetched from, if it does not travel with the card."""
    inputs: dict[str, str] = Field(default_factory=dict)
    """Tensor name of the view -> input name of the network, where they differ."""
    bfloat16: Bfloat16 | None = None
    """None: all is computed in float32."""

    _stays_beside_the_card = field_validator("file")(beside_the_card)


class Output(Part):
    """One output column, and the output of the network that fills it."""

    name: Name
    tensor: str = ""
    """Name of the network's output; empty: the same as ``name``."""
    role: Literal[
        "score",
        "probabilities",
        "set",
        "label",
        "cluster",
        "multiplicity",
        "energy",
        "value",
        "uncertainty",
    ] = "value"
    dtype: Literal["float32", "float64", "int8", "int16", "int32", "int64", "bool"] = "float32"
    shape: tuple[int, ...] = ()
    per: Name | None = None
    counter: str = ""
    """Branch that counts the objects; empty: ``n<per>``."""
    unit: str = ""
    estimates: str = ""
    """Logical column with the true value of what this output estimates, where a file has it."""
    classes: tuple[str, ...] = ()
    """Names of the classes that a ``label`` counts through, or ``probabilities`` or a ``set`` are
    given of, in order; empty: those of the adapter's truth, or the numbers themselves."""
    tails: tuple[Annotated[float, Field(gt=0)], ...] = ()
    """Sizes of the residual (in ``unit``; relative ones of an energy) beyond which it is a tail."""
    error_of: str = ""
    """Name of the output whose standard deviation this one is (role ``uncertainty``)."""
    coverage: Coverage | None = None
    """How often the true class is in a ``set``."""
    doc: str = ""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.role == "set") != (self.coverage is not None):
            raise ValueError(f"output {self.name!r}: role 'set' goes with coverage")
        if (self.role == "set") != (self.dtype == "bool"):
            raise ValueError(f"output {self.name!r}: sets are bools, and nothing else is")
        if self.coverage is None:
            return self
        if len(self.shape) != 1 or self.shape[0] < 2:
            raise ValueError(
                f"output {self.name!r}: a set is a bool for each of two classes or more"
            )
        if (n := len(self.coverage.thresholds)) not in (0, self.shape[0] ** self.coverage.by_class):
            raise ValueError(f"output {self.name!r}: {n} thresholds for {self.shape[0]} classes")
        return self

    @property
    def source(self) -> str:
        """The network's name of this output."""
        return self.tensor or self.name

    def column(self, branch: str) -> Column:
        """The column this output becomes under the branch name ``branch``."""
        counter = self.counter or None
        return Column(branch, self.dtype, self.shape, self.per, self.unit, self.doc, counter)


def _check_classes(output: Output) -> None:
    """Raise ValueError where an output's classes are not what its role and shape can name."""
    if not output.classes:
        return
    if output.role not in ("label", "probabilities", "set", "score"):
        raise ValueError(
            f"output {output.name!r}: classes are those of a label, of probabilities or of a set, "
            "or the two of a score"
        )
    if len(set(output.classes)) < max(len(output.classes), 2):
        raise ValueError(f"output {output.name!r}: classes are two or more, and all different")
    if output.role == "score":
        if len(output.classes) != 2 or not output.estimates:
            raise ValueError(
                f"output {output.name!r}: a score with classes is of two, background and signal, "
                "and estimates the logical column that counts through them"
            )
    elif output.role != "label" and output.shape != (len(output.classes),):
        raise ValueError(
            f"output {output.name!r}: {len(output.classes)} classes, but the shape "
            f"{list(output.shape)}"
        )


class Metric(Part):
    """A measured figure, its 68 % interval, and the command that measures it again.

    Where only a lower ``limit`` at 95 % confidence is known, there is no value.
    """

    name: str
    value: float | None = None
    interval: Interval = None
    limit: float | None = None
    unit: str = ""
    sample: str = ""
    how: str = ""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.value is None) == (self.limit is None):
            raise ValueError("a metric has a value, or a limit where there is none")
        return self


class Member(Part):
    """One of the networks that a committee is made of; ``sha256``: that of its file."""

    name: Name
    version: Version
    sha256: Sha256


class Training(Part):
    """What the network was trained on, and how."""

    data: str
    recipe: str = ""
    command: str = ""
    seed: int | None = None
    events: dict[str, int] = Field(default_factory=dict)
    """Events in each split: train, validation, test."""
    settings: dict[str, str | int | float | bool] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)
    members: tuple[Member, ...] = ()
    """Networks that this one is made of, where it was not trained itself."""
    notes: str = ""


def _check_points(points: Sequence[WorkingPoint], outputs: Sequence[Output]) -> None:
    """Raise ValueError where working points could not all become branches."""
    names = [point.name for point in points] + [output.name for output in outputs]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise ValueError(f"two working points, or one and an output, are called {twice!r}")
    shapes = {output.name: output.shape for output in outputs}
    for point in points:
        if shapes.get(point.output):
            raise ValueError(f"working point {point.name!r}: {point.output!r} is no single number")


class DomainAxis(Part):
    """Distribution of one summary of the training inputs.

    ``edges`` and ``fractions`` (one more edge than fractions) hold the histogram; ``beyond`` are
    the fractions below the first and above the last edge; all add up to 1. ``low`` and ``high``
    bound the domain: an input beyond them is outside it. ``events``: how many inputs there were;
    None: those of the training part.
    """

    name: str
    unit: str = ""
    log: bool = False
    low: float
    high: float
    edges: tuple[float, ...]
    fractions: tuple[float, ...]
    beyond: tuple[float, float] = (0.0, 0.0)
    events: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.edges) != len(self.fractions) + 1:
            raise ValueError("needs one more edge than fractions")
        if not self.low <= self.high:
            raise ValueError("low is above high")
        return self


class ModelCard(Part):
    """A trained network and everything that is known of it."""

    card_version: Literal[1] = 1
    name: Name
    version: Version
    title: str = ""
    doc: str = ""
    adapter: AdapterChoice
    """An installed adapter by name, a declaration, or a file beside the card that holds one."""
    view: Name = VIEW
    network: Network
    outputs: tuple[Output, ...] = Field(min_length=1)
    threads: int | None = Field(default=None, ge=1)
    """Threads a session of this network runs best with; None: rootml chooses."""
    batch_size: int | None = Field(default=None, ge=1)
    parameters: int | None = Field(default=None, ge=0)
    working_points: tuple[WorkingPoint, ...] = ()
    metrics: tuple[Metric, ...] = ()
    training: Training
    domain: tuple[DomainAxis, ...] = ()
    license: str = ""
    citation: str = ""

    @model_validator(mode="after")
    def _check(self) -> Self:
        names = [output.name for output in self.outputs]
        if len(set(names)) != len(names):
            raise ValueError(f"two outputs share a name: {names}")
        if len({output.per for output in self.outputs}) != 1:
            raise ValueError("all outputs of a network are per event or per the same object")
        for output in self.outputs:
            if (output.role == "uncertainty") != bool(output.error_of):
                raise ValueError(f"output {output.name!r}: role 'uncertainty' goes with error_of")
            _check_classes(output)
        _check_points(self.working_points, self.outputs)
        pointed = {point.output for point in self.working_points}
        unknown = (pointed | {o.error_of for o in self.outputs if o.error_of}) - set(names)
        if unknown:
            raise ValueError(f"outputs that are not there are named: {sorted(unknown)}")
        return self

    @property
    def adapter_name(self) -> str:
        """The installed adapter's name, the declaration's file, or the name of the model itself."""
        return self.adapter if isinstance(self.adapter, str) else self.name

    @property
    def label(self) -> tuple[str, tuple[str, ...]]:
        """The truth label of the score and its classes, where they are not the adapter's; or ""."""
        score = self.output("score")
        return (score.estimates, score.classes) if score and score.classes else ("", ())

    def output(self, role: str) -> Output | None:
        """The first output with the given role, or None."""
        return next((output for output in self.outputs if output.role == role), None)

    def working_point(self, name: str) -> WorkingPoint:
        """The working point of this name; RegistryError where there is none."""
        points = {point.name: point for point in self.working_points}
        if name in points:
            return points[name]
        if not points:
            raise RegistryError(
                f"model {self.name!r} has no working point {name!r}: its card has none at all"
            )
        raise RegistryError(
            f"model {self.name!r} has no working point {name!r}{nearest(name, points)} "
            f"(working points: {', '.join(points)})"
        )

    def to_yaml(self) -> str:
        """The card as text that :meth:`from_yaml` reads back to an equal card."""
        data: dict[str, Any] = self.model_dump(mode="json", exclude_defaults=True)
        text: str = yaml.safe_dump(
            {"card_version": self.card_version} | data, sort_keys=False, allow_unicode=True
        )
        return text

    @classmethod
    def from_yaml(cls, text: str, origin: str = "card") -> Self:
        """Read a card; ``origin`` names it in errors."""
        return validated(cls, parse_mapping(text, origin), origin)

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read the card at ``path``."""
        return validated(cls, read_mapping(path), str(path))
