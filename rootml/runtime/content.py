"""What a file holds, told from its first bytes: its name says nothing, and a card may be wrong."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

from rootml.errors import NetworkError

TITLES = {
    "onnx": "an ONNX graph",
    "xgboost": "an XGBoost model",
    "lightgbm": "a LightGBM model",
    "torch-export": "a program of torch.export",
    "torchscript": "a TorchScript program",
}
"""The formats of networks, in words."""

_PICKLE = (
    "a pickle, which can run any code when it is loaded and is never opened; save the network "
    "in a format of its own (scikit-learn: rootml.training.sklearn_export)"
)
_SIGNS = {
    rb"\Z": "an empty file",
    rb"version https://git-lfs\.github\.com/": "a Git LFS pointer: run git lfs pull",
    rb"(?i)\s*<(!doctype html|html|head)": "an HTML page, such as a server's error message",
    rb"\s*<": "an XML text",
    rb"\x80[\x02-\x05]": _PICKLE,
    rb"x[\x01\x5e\x9c\xda]": "zlib data, such as joblib writes",
    rb"\x1f\x8b|BZh|\xfd7zXZ|\x28\xb5\x2f\xfd": "a compressed file: decompress it first",
    rb"\x89HDF\r\n": "an HDF5 file (Keras?): export the network to ONNX",
    rb"root\x00": "a ROOT file",
    rb"\x93NUMPY": "a NumPy array",
    rb"tree\r?\nversion=v": "lightgbm",
    rb"\{[iUIlL].{1,9}learner": "xgboost",  # UBJSON: an object whose first key has that name
    rb"\s*\{.*\"gradient_booster\"\s*:": "xgboost",
    rb"\s*[\[{]\s*[\"\]}]": "a JSON text that holds no XGBoost model",
    rb"\x08[\x01-\x20][\x12-\x52]": "onnx",  # ModelProto.ir_version, and the tag of what follows
}
_OLD_EXPORT = (
    "a program of torch.export as PyTorch up to 2.7 wrote it, with pickles inside: save it again "
    "by a newer PyTorch"
)
_STATE_DICT = (
    "weights saved by torch.save, without the network they belong to: save the network itself "
    "by torch.export.save or torch.onnx.export"
)


def check_format(data: bytes, format: str, path: Path) -> None:
    """Raise NetworkError where ``data`` is clearly something else than a network of ``format``."""
    found = recognise(data)
    if found in TITLES and found != format:
        raise NetworkError(
            f"{path}: this is {TITLES[found]}, and the card calls it {format!r}; its format is "
            f"{found!r}"
        )
    if found and found != format:
        raise NetworkError(f"{path}: not {TITLES.get(format, 'a network')}, but {found}")


def recognise(data: bytes) -> str:
    """The format of the network ``data``, or in words what else it is; empty if unknown."""
    if data.startswith(b"PK\x03\x04"):
        return _recognise_zip(data)
    signs = _SIGNS.items()
    return next((found for sign, found in signs if re.match(sign, data, re.DOTALL)), "")


def _recognise_zip(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = {name.partition("/")[2] or name for name in archive.namelist()}
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return "a damaged zip archive (truncated?)"
    if "archive_format" in names:
        return "torch-export"
    if "serialized_exported_program.json" in names:
        return _OLD_EXPORT
    if "constants.pkl" in names:
        return "torchscript"
    return _STATE_DICT if "data.pkl" in names else "a zip archive"
