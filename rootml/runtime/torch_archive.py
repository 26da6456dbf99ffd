"""What a program of torch.export may hold, so that loading it runs no code of the file's.

``torch.export.load`` of PyTorch 2.13 trusts its file: it unpickles sample inputs and some weights,
gives expressions of sizes to ``eval`` and guards to ``exec``, and writes names into the source of
the module it makes. So a program is opened from a copy that holds the graph and raw weights
alone, and in the graph every text must be a plain name, a size or a tree of tuples.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

MODEL = "models/model.json"
_CONFIG = re.compile(r"data/(weights|constants)/model_(weights|constants)_config\.json")
_PLAIN = re.compile(
    r"data/(weights|constants)/(weight|tensor)_\d+|archive_format"
    r"|archive_version|\.data/version|version|byteorder"
)
_LEFT_OUT = re.compile(r"data/sample_inputs/.*|\.data/serialization_id|extra/.*")
_SAMPLE = "data/sample_inputs/model.pt"

_NAME = re.compile(r"(?!.*(^|\.)__\w+__(\.|$))[\w.+-]*", re.ASCII)
_SIZE = re.compile(
    r"(\d++|[-+*/(), ]|Symbol\('[su]\d++', (positive=True, |nonnegative=True, )?integer=True\)"
    r"|[su]\d++|Max|Min|Mod|PythonMod|FloorDiv|CleanDiv|CeilDiv|Integer|Add|Mul|Pow)*",
    re.ASCII,
)
_ARGUMENT = re.compile(r"[\w ,.>+-]*", re.ASCII)
_OPERATOR = re.compile(
    r"torch\.ops\.aten\.(\w+)\.\w+|(?:_operator|math)\.(\w+)|torch\.sym_(\w+)", re.ASCII
)
_ARITHMETIC = {"add", "sub", "mul", "floordiv", "truediv", "mod", "neg", "pow", "floor", "ceil"}
_ARITHMETIC |= {"eq", "ne", "lt", "le", "gt", "ge", "and_", "or_", "not_", "trunc", "getitem"}
_ARITHMETIC |= {"float", "int", "max", "min", "not", "sum", "ite", "sqrt"}
"""What sizes are computed with."""
DENIED = {"from_file", "load", "manual_seed", "save", "set_", "set_data"}
DENIED |= {"Print", "PythonOp", "rpc_async", "rpc_remote", "rpc_sync"}
"""Operators of ``aten`` and ``prim`` that reach beyond their tensors."""
_CONTAINERS = {"builtins.tuple", "builtins.list", "builtins.dict", "collections.OrderedDict"}


def rewritten(
    data: bytes, edit: Callable[[str, bytes], bytes | None], added: Mapping[str, bytes]
) -> bytes:
    """A copy of the archive ``data``: what ``edit(name, content)`` makes of its files, and more.

    Names are those inside the folder that all files are in. Files of which ``edit`` makes None
    are left out, so that what PyTorch reads is what was looked at, however it reads an archive.
    """
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(target, "w") as copy:
        seen = set()
        for entry in source.infolist():
            name = entry.filename.partition("/")[2]
            if name in seen:
                raise ValueError(f"it holds two files {name!r}")
            seen.add(name)
            if (content := edit(name, source.read(entry))) is not None:
                copy.writestr(f"archive/{name}", content)
        for name, content in added.items():
            copy.writestr(f"archive/{name}", content)
    return target.getvalue()


def cleaned(data: bytes) -> bytes:
    """A copy of the program ``data`` that holds nothing but its graph and raw weights.

    Raises ValueError where it holds anything else that loading would need.
    """
    return rewritten(data, _cleaned_file, {_SAMPLE: b""})


def _cleaned_file(name: str, content: bytes) -> bytes | None:
    if _LEFT_OUT.fullmatch(name):
        return None
    if name == MODEL:
        return _cleaned_graph(content)
    if _CONFIG.fullmatch(name):
        _check_weights(json.loads(content))
    elif not _PLAIN.fullmatch(name):
        raise ValueError(f"it holds {name!r}, which may be code; export the network anew")
    return content


def _check_weights(config: Any) -> None:
    for name, entry in config["config"].items():
        if entry["use_pickle"]:
            raise ValueError(f"its weights {name!r} are a pickle, which could run any code")
        _check(entry, "")
        _require(_NAME, name, "a name")


def _cleaned_graph(content: bytes) -> bytes:
    program = json.loads(content)
    program["guards_code"] = []
    for graph in _find(program, "nodes"):
        for node in graph["nodes"]:
            node["metadata"] = {}
            _check_operator(node["target"])
    program["graph_module"]["metadata"] = {}
    if any(graph["custom_obj_values"] for graph in _find(program, "custom_obj_values")):
        raise ValueError("it uses objects of custom classes")
    _check(program, "")
    return json.dumps(program).encode()


def _find(value: Any, key: str) -> Iterator[dict[str, Any]]:
    """All mappings in ``value`` that have ``key``."""
    if isinstance(value, dict):
        if key in value:
            yield value
        for item in value.values():
            yield from _find(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from _find(item, key)


def _check_operator(target: str) -> None:
    match = _OPERATOR.fullmatch(target)
    if match is None or match[1] in DENIED or not {match[2], match[3]} - {None} <= _ARITHMETIC:
        raise ValueError(f"its operator {target!r} is not one of PyTorch's own computations")


def _check(value: Any, key: str) -> None:
    """Refuse texts, under the key ``key`` of the graph, that are no plain names."""
    if isinstance(value, dict):
        if key in ("device", "as_device") and value.get("type") != "cpu":
            raise ValueError(f"it was exported on {value.get('type')!r}; move it to the CPU first")
        for name, item in value.items():
            _require(_SIZE if key == "range_constraints" else _NAME, name, "a name")
            _check(item, name)
    elif isinstance(value, list):
        for item in value:
            _check(item, key)
    elif isinstance(value, str):
        if key == "expr_str":
            _require(_SIZE, value, "a size")
        elif key in ("in_spec", "out_spec"):
            _check_tree(json.loads(value)[1] if value else None)
        elif key == "as_operator":
            _check_operator(value)
        elif key in ("as_string", "as_strings"):
            _require(_ARGUMENT, value, "an argument")
        else:
            _require(_NAME, value, "a name")


def _check_tree(spec: Any) -> None:
    """Refuse inputs and outputs of other kinds than tensors in tuples, lists and mappings."""
    if spec is None or spec["type"] is None:
        return
    if spec["type"] not in _CONTAINERS:
        raise ValueError(f"it takes or gives a {spec['type']!r}; only tuples and dicts may be")
    context = json.loads(spec["context"])
    for name in context or []:
        _require(_NAME, name, "a name")
    for child in spec["children_spec"]:
        _check_tree(child)


def _require(pattern: re.Pattern[str], text: Any, what: str) -> None:
    if not isinstance(text, str) or not pattern.fullmatch(text):
        raise ValueError(f"{str(text)[:60]!r} in its graph is not {what}")
