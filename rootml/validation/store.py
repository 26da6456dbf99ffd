"""Histograms in files: UHI JSON for Python, TH1 and TH2 for ROOT."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_json(hists: Mapping[str, Any], path: Path) -> Path:
    """Write histograms as a JSON object of UHI serialisations, by name."""
    import uhi.io.json

    text = json.dumps(dict(hists), default=uhi.io.json.default)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def read_json(path: Path) -> dict[str, Any]:
    """Read back what :func:`write_json` wrote."""
    import uhi.io.json
    from hist import Hist

    data = json.loads(path.read_text(encoding="utf-8"), object_hook=uhi.io.json.object_hook)
    return {name: Hist(value) for name, value in data.items()}


def write_root(hists: Mapping[str, Any], path: Path) -> Path:
    """Write histograms of one and two dimensions as TH1D and TH2D, by name."""
    import uproot
    from hist import Hist, storage

    with uproot.recreate(path) as file:
        for name, hist in hists.items():
            made = Hist(*hist.axes, storage=storage.Double())
            made.view(flow=True)[...] = hist.values(flow=True)
            file[name] = made
    return path
