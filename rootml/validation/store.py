"""Histograms in files: UHI in JSON or a zip archive for Python, TH1 and TH2 for ROOT."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HISTOGRAMS = {"json": "histograms.json", "zip": "histograms.zip"}
"""Names of the files of histograms; the archive holds arrays in binary and is far smaller."""


def write_histograms(hists: Mapping[str, Any], path: Path) -> Path:
    """Write histograms by name: an archive of UHI where ``path`` is a .zip, else JSON of UHI."""
    import uhi.io.json
    import uhi.io.zip

    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, hist in hists.items():
                uhi.io.zip.write(archive, name, hist)
        return path
    text = json.dumps(dict(hists), default=uhi.io.json.default)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def read_histograms(path: Path) -> dict[str, Any]:
    """Read back what :func:`write_histograms` wrote."""
    import uhi.io.json
    import uhi.io.zip
    from hist import Hist

    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            names = [name[:-5] for name in archive.namelist() if name.endswith(".json")]
            return {name: Hist(uhi.io.zip.read(archive, name)) for name in names}
    data = json.loads(path.read_text(encoding="utf-8"), object_hook=uhi.io.json.object_hook)
    return {name: Hist(value) for name, value in data.items()}


def write_root(hists: Mapping[str, Any], path: Path) -> Path:
    """Write histograms of one and two dimensions as TH1D and TH2D; slashes make directories.

    Errors are those of the counts or weights; means and fractions, of which none are known, have
    errors of zero. As ROOT does for contents that are set (TH1::ResetStats), the entries are the
    effective ones.
    """
    import uproot

    with uproot.recreate(path) as file:
        for name, hist in hists.items():
            file[name] = _writable(hist)
    return path


def _writable(hist: Any) -> Any:
    from hist import Hist, storage
    from uproot.writing import to_writable

    made = Hist(*hist.axes, storage=storage.Weight())
    contents = made.view(flow=True)
    contents.value = hist.values(flow=True)
    if hist.storage_type is not storage.Double:
        contents.variance = hist.variances(flow=True)
    written = to_writable(made)
    base = written.bases[0] if hist.ndim == 1 else written.bases[0].bases[0]
    total, squares = contents.value.sum(), contents.variance.sum()
    base._members["fTsumw2"] = made.variances().sum()
    base._members["fEntries"] = total**2 / squares if squares else abs(total)
    return written
