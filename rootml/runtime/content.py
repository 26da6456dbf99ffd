"""What a file holds, told from its first bytes: its name says nothing, and a card may be wrong."""

from __future__ import annotations

import io
import json
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
}
_FORMATS = {
    rb"tree\r?\nversion=v": "lightgbm",
    rb"\{[iUIlL].{1,9}learner": "xgboost",  # UBJSON: an object whose first key has that name
    rb"\x08[\x01-\x20][\x12-\x52]": "onnx",  # ModelProto.ir_version, and the tag of what follows
}
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
    for pattern, words in _SIGNS.items():
        if re.match(pattern, data):
            return words
    if data.startswith(b"PK\x03\x04"):
        return _recognise_zip(data)
    for pattern, format in _FORMATS.items():
        if re.match(pattern, data, re.DOTALL):
            return format
    return _recognise_json(data) if re.match(rb"\s*[\[{]", data) else ""


def _recognise_json(data: bytes) -> str:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return "a text that begins like JSON and is none (truncated?)"
    learner = content.get("learner") if isinstance(content, dict) else None
    if isinstance(learner, dict) and "gradient_booster" in learner:
        return "xgboost"
    return "a JSON text that holds no XGBoost model"


def _recognise_zip(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = {name.partition("/")[2] for name in archive.namelist()}
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return "a damaged zip archive (truncated?)"
    if "archive_format" in names:
        return "torch-export"
    if "constants.pkl" in names:
        return "torchscript"
    return _STATE_DICT if "data.pkl" in names else "a zip archive"
