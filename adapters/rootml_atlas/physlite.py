"""DAOD_PHYSLITE: electrons with the layer energies of their clusters, and their tracks.

It has no cells: of the scalars of ntuples it gives 13, those of the view ``electron_reduced``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import awkward as ak
import numpy as np

from rootml.adapter import Options
from rootml.errors import BranchError
from rootml.spec import Array
from rootml_atlas import tracks
from rootml_atlas.links import CLUSTERS, TRACKS, TRUTH_ELECTRONS, Links, follow
from rootml_atlas.samplings import layer_energies
from rootml_atlas.units import GEV, check_scale
from rootml_atlas.xaod import BRANCHES

_MEV: Final = GEV["MeV"]
CELL: Final = 0.025
"""Cells of the middle layer in eta."""
MODULATION: Final = np.pi / 32
GAP: Final = (1.4, 1.6)
"""abs(eta) of the scintillators of the crack, in ``p_fTG3``."""
VERTICES: Final = (1, 3)
"""``vertexType`` of primary and pile-up vertices (``xAODTracking/TrackingPrimitives.h``)."""


class Electrons:
    """The electrons of some events, one after the other: arrays of one value each, in GeV."""

    def __init__(self, raw: ak.Array):
        self._raw = raw

    @cached_property
    def counts(self) -> Array:
        """Electrons of each event."""
        counts: Array = ak.to_numpy(ak.num(self._raw["pt"], axis=1))
        return counts

    def own(self, key: str) -> Array:
        """A branch of the electrons themselves; BranchError where it has another shape."""
        values = self._raw[key]
        if values.ndim != 2 or not np.array_equal(ak.num(values, axis=1), self.counts):
            name = BRANCHES[key].names[0]
            raise BranchError(f"{name}: expected a number an electron, found {values.type}")
        flat: Array = ak.to_numpy(ak.flatten(values, axis=1)).astype(np.float64)
        return flat

    def per_event(self, key: str) -> Array:
        """A number of the event, for each of its electrons."""
        return np.repeat(ak.to_numpy(self._raw[key]), self.counts)

    @property
    def energy(self) -> Array:
        """Calibrated; the mass is neglected."""
        return self.own("pt") * np.cosh(self.own("eta")) * _MEV

    @cached_property
    def _cluster(self) -> Links:
        links = self._raw["clusters"]
        sizes = _sizes(self._raw, "cluster_eta")
        name = BRANCHES["clusters"].names[0]
        return follow(links["m_persKey"], links["m_persIndex"], CLUSTERS, sizes, name).first

    def cluster(self, key: str) -> Array:
        """A branch of the electrons' clusters; NaN where there is none."""
        return self._cluster.spread(self._cluster.take(self._raw[key]))

    @cached_property
    def layers(self) -> Array:
        """(n, 5): presampler, strips, middle, back, scintillators of the crack; NaN: not known."""
        samplings = ak.flatten(self._raw["samplings"], axis=1)[self._cluster.target]
        eta = self._cluster.take(self._raw["cluster_eta"])
        return self._cluster.spread(layer_energies(samplings, eta) * _MEV)

    @property
    def accordion(self) -> Array:
        """Energy in strips, middle and back."""
        total: Array = self.layers[:, 1:4].sum(axis=1)
        return total

    @cached_property
    def _tracks(self) -> Links:
        links, name = self._raw["tracks"], BRANCHES["tracks"].names[0]
        sizes = _sizes(self._raw, "theta")
        return follow(links["m_persKey"], links["m_persIndex"], TRACKS, sizes, name)

    @property
    def best_pt(self) -> Array:
        """Transverse momentum of the best track; NaN where there is none."""
        best = self._tracks.first
        theta, q_over_p = (best.take(self._raw[key]) for key in ("theta", "q_over_p"))
        with np.errstate(divide="ignore"):
            return best.spread(np.sin(theta) / np.abs(q_over_p) * _MEV)

    @property
    def n_tracks(self) -> Array:
        """Tracks assigned, be they in the file or not."""
        found: Array = ak.to_numpy(ak.flatten(ak.num(self._raw["tracks"], axis=2)))
        return found

    @property
    def tracks(self) -> Array:
        """(n, 10, 8): :data:`rootml_atlas.tracks.REDUCED` of the nearest tracks assigned."""
        take = self._tracks.take
        theta = take(self._raw["theta"])
        variance = take(ak.fill_none(ak.firsts(self._raw["covariance"], axis=2), np.nan))
        with np.errstate(divide="ignore", invalid="ignore"):
            pt_q, sigma = np.sin(theta) / take(self._raw["q_over_p"]) * _MEV, np.sqrt(variance)
            eta = -np.log(np.tan(theta / 2))
        features = {
            "pt_q": pt_q,
            "d0_significance": tracks.significance(take(self._raw["d0"]), sigma),
            "z0": take(self._raw["z0"]),
            "eta": eta,
            "phi": take(self._raw["track_phi"]),
            "n_pixel": take(self._raw["pixel"]),
            "n_sct": take(self._raw["sct"]),
        }
        return tracks.nearest(
            features, self._tracks.counts, self.own("eta"), self.own("phi"), tracks.REDUCED
        )

    @property
    def truth_energy(self) -> Array:
        """Of the electron that it is matched to; NaN where there is none."""
        sizes = _sizes(self._raw, "truth_e")
        key, index = self._raw["truth_key"], self._raw["truth_index"]
        name = BRANCHES["truth_key"].names[0]
        links = follow(key, index, TRUTH_ELECTRONS, sizes, name)
        return links.spread(links.take(self._raw["truth_e"]) * _MEV)

    @property
    def n_vertices(self) -> Array:
        """Primary vertices of the event."""
        kind = self._raw["vertex_type"]
        known = (kind == VERTICES[0]) | (kind == VERTICES[1])
        return np.repeat(ak.to_numpy(ak.sum(known, axis=1)), self.counts)


def _sizes(raw: ak.Array, key: str) -> Array:
    sizes: Array = ak.to_numpy(ak.num(raw[key], axis=1))
    return sizes


@dataclass(frozen=True)
class Column:
    """A logical column: the branches it needs beside "pt", and how it is made of them."""

    needs: tuple[str, ...]
    read: Callable[[Electrons], Array]

    @property
    def keys(self) -> tuple[str, ...]:
        """All the branches it needs."""
        return tuple(dict.fromkeys(("pt", *self.needs)))


def _tile_gap_share(electrons: Electrons) -> Array:
    eta = np.abs(electrons.own("eta"))
    inside = (eta > GAP[0]) & (eta < GAP[1])
    return np.where(inside, electrons.layers[:, 4] / _positive(electrons.accordion), 0)


def _positive(values: Array) -> Array:
    return np.where(values > 0, values, np.nan)


_LAYERS = ("clusters", "samplings", "cluster_eta")
_TRACK = ("tracks", "theta", "q_over_p")
_AT = ("eta", "phi")
_FEATURES = (*_TRACK, *_AT, "covariance", "d0", "z0", "track_phi", "pixel", "sct")
_CALO = ("clusters", "cluster_eta", "eta_calo")
COLUMNS: Final = {
    "energy": Column(("eta",), lambda e: e.energy),
    "et": Column((), lambda e: e.own("pt") * _MEV),
    "eta": Column(("eta",), lambda e: e.own("eta")),
    "phi": Column(("phi",), lambda e: e.own("phi")),
    "event": Column(("event",), lambda e: e.per_event("event").astype(np.int64)),
    "e_acc": Column(_LAYERS, lambda e: e.accordion),
    "f0": Column(_LAYERS, lambda e: e.layers[:, 0] / _positive(e.accordion)),
    "r12": Column(_LAYERS, lambda e: e.layers[:, 1] / _positive(e.layers[:, 2])),
    "e_tile_gap": Column(_LAYERS, lambda e: e.layers[:, 4]),
    "f_tg3": Column((*_LAYERS, "eta"), _tile_gap_share),
    "eta_index": Column(_CALO, lambda e: np.floor(np.abs(e.cluster("eta_calo")) / CELL)),
    "eta_mod": Column(_CALO, lambda e: np.abs(e.cluster("eta_calo")) % CELL),
    "dphi_th3": Column(
        ("clusters", "cluster_eta", "cluster_phi"),
        lambda e: (2 * np.pi + e.cluster("cluster_phi")) % MODULATION - MODULATION,
    ),
    "pt_track": Column(_TRACK, lambda e: e.best_pt),
    "n_tracks": Column(("tracks",), lambda e: e.n_tracks),
    "mu": Column(("mu",), lambda e: e.per_event("mu")),
    "n_vertices": Column(("vertex_type",), lambda e: e.n_vertices),
    "tracks_reduced": Column(_FEATURES, lambda e: e.tracks),
    "truth_energy": Column(("truth_key", "truth_index", "truth_e"), lambda e: e.truth_energy),
}


def decode(raw: ak.Array, wanted: tuple[str, ...], options: Options) -> ak.Array:
    """The ``wanted`` columns, one value an electron; BranchError for a branch of another shape."""
    electrons = Electrons(raw)
    columns = {}
    for name in wanted:
        values = COLUMNS[name].read(electrons)
        if values.dtype.kind == "f":
            values = values.astype(np.float32)
        columns[name] = ak.unflatten(values, electrons.counts)
    return ak.zip(columns, depth_limit=1)


def settle(raw: ak.Array) -> Options:
    """Refuse a file whose energies are not in MeV; tell of its tracks."""
    branch = BRANCHES["pt"]
    check_scale(ak.to_numpy(ak.flatten(raw["pt"], axis=None)), branch.unit, branch.names[0])
    return tracks.told(ak.to_numpy(ak.flatten(ak.num(raw["tracks"], axis=2))))
