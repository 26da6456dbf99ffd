"""Four-vectors and their quantities, as a declaration names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Discriminator, Tag, model_validator

from rootml.declared.parts import Expression
from rootml.yamltext import Part


class Vector(Part):
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


class Kinematics(Part):
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
    return "<kinematics>" if isinstance(value, Mapping | Kinematics) else "<expression>"


Variable = Annotated[
    Annotated[Expression, Tag("<expression>")] | Annotated[Kinematics, Tag("<kinematics>")],
    Discriminator(_kind),
]
