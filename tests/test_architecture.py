"""The floors of the house: imports go down only, heavy libraries stay where they belong."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PLUGIN_ROOTS = [ROOT / "adapters", ROOT / "models"]
FLOORS = [
    {"errors"},
    {"spec", "yamltext"},
    {"adapter", "card", "coverage", "declared", "domain", "rootio", "variations", "working_point"},
    {"plugins"},
    {"runtime"},
    {"sources"},
    {"registry"},
    {"tagger"},
    {"validation"},
    {"tagging"},
    {"tagged"},
    {"rdf", "scale"},
    {"training", "drafting"},
    {"testing", "commands", "cli"},
]
FLOOR = {name: level for level, names in enumerate(FLOORS) for name in names}
VALIDATION = [
    {"report", "statistics"},
    {"study"},
    {"counting"},
    {"figures"},
    {"topics"},
    {"assess"},
    {"collect", "style"},
    {"comparing", "events", "gates"},
    {"importance"},
    {"store", "text"},
    {"plots"},
    {"page"},
    {"writing"},
]
PLUGINS_MAY_IMPORT = {"errors", "spec", "adapter", "card", "coverage", "declared", "rootio"}
PLUGINS_MAY_IMPORT |= {"variations"}
TORCH = {"torch", "lightning", "torchvision"}
TORCH_ENGINES = {"torch_engine", "torch_export_engine", "torchscript_engine"}
HEAVY = ["torch", "lightning", "optuna", "h5py", "sklearn", "onnxruntime", "uproot", "awkward"]
HEAVY += ["matplotlib", "pooch", "requests"]
PUBLIC = ["annotate", "list_adapters", "list_models", "load", "tag_file", "tag_files"]
PUBLIC += ["validate_files"]
LONGEST_FUNCTION = 60
LONGEST_FILE = 400

CORE = sorted((ROOT / "rootml").rglob("*.py"))
PLUGINS = sorted(path for root in PLUGIN_ROOTS for path in root.rglob("*.py"))
FILES = CORE + PLUGINS


def short(path):
    return str(path.relative_to(ROOT))


each_file = pytest.mark.parametrize("path", FILES, ids=short)


def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(path):
    """Absolute names of the modules that ``path`` imports, except for type checkers alone."""
    tree = tree_of(path)
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module


def area(name):
    """``rootml.rootio.source`` -> ``rootio``; None for what is not rootml's."""
    parts = name.split(".")
    return parts[1] if parts[0] == "rootml" and len(parts) > 1 else None


@pytest.mark.parametrize("path", CORE, ids=short)
def test_imports_go_down_only(path):
    own = path.relative_to(ROOT / "rootml").with_suffix("").parts[0]
    if own == "__init__":
        return
    for name in imports(path):
        other = area(name)
        assert other is None or FLOOR[other] <= FLOOR[own], f"{short(path)} imports {name}"


VALIDATION_FLOOR = {name: level for level, names in enumerate(VALIDATION) for name in names}


@pytest.mark.parametrize("path", sorted((ROOT / "rootml/validation").rglob("*.py")), ids=short)
def test_validation_imports_go_down_only(path):
    own = path.relative_to(ROOT / "rootml/validation").with_suffix("").parts[0]
    if own == "__init__":
        return
    for name in imports(path):
        parts = name.split(".")
        if parts[:2] == ["rootml", "validation"]:
            assert len(parts) > 2, f"{short(path)} imports the whole of it"
            level = VALIDATION_FLOOR[parts[2]]
            assert level <= VALIDATION_FLOOR[own], f"{short(path)} imports {name}"


def may_train(path):
    inside = path.relative_to(ROOT).parts[2:]
    return bool({"nets", "recipes", "training.py"} & set(inside))


@pytest.mark.parametrize("path", PLUGINS, ids=short)
def test_plugins_use_what_a_stranger_may(path):
    allowed = PLUGINS_MAY_IMPORT | ({"training"} if may_train(path) else set())
    for name in imports(path):
        assert area(name) is None or area(name) in allowed, f"{short(path)} imports {name}"


@each_file
def test_torch_stays_in_training_and_its_engines(path):
    if {"training", "nets"} & set(path.parts) or path.stem in TORCH_ENGINES:
        return
    used = {name.split(".")[0] for name in imports(path)} & TORCH
    assert not used, f"{short(path)} imports {used}"


@each_file
def test_files_and_functions_fit_the_eye(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE
    for node in ast.walk(tree_of(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            length = node.end_lineno - body[0].lineno + 1 if body else 0
            assert length <= LONGEST_FUNCTION, f"{short(path)}: {node.name} has {length} lines"


@each_file
def test_no_module_is_called_like_a_library(path):
    assert path.stem not in {"torch", "onnx", "onnxruntime", "uproot", "awkward"}


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if path.name == "__init__.py"],
    ids=lambda path: path.parent.name,
)
def test_no_public_name_hides_a_submodule(path):
    root = next(root for root in [*PLUGIN_ROOTS, ROOT] if path.is_relative_to(root))
    package = ".".join(path.parent.relative_to(root).parts)
    bound = {
        alias.asname or alias.name
        for node in tree_of(path).body
        if isinstance(node, ast.ImportFrom) and node.module != package
        for alias in node.names
    }
    submodules = {file.stem for file in path.parent.glob("*.py")}
    submodules |= {folder.parent.name for folder in path.parent.glob("*/__init__.py")}
    assert not bound & submodules


def test_packages_of_the_wheel_are_the_folders():
    with (ROOT / "pyproject.toml").open("rb") as file:
        listed = tomllib.load(file)["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    folders = [
        short(folder.parent) for root in PLUGIN_ROOTS for folder in root.glob("*/__init__.py")
    ]
    assert sorted(listed) == sorted(["rootml", *folders])
    assert not any((root / "__init__.py").exists() for root in [*PLUGIN_ROOTS, ROOT / "tests"])


@pytest.mark.parametrize("module", ["rootml", "rootml.registry", "rootml.cli"])
def test_import_loads_nothing_heavy(module):
    code = f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_public_names_are_pinned_and_there():
    rootml = importlib.import_module("rootml")
    assert rootml.__all__ == PUBLIC
    assert dir(rootml) == sorted([*PUBLIC, "__version__"])
    assert all(callable(getattr(rootml, name)) for name in PUBLIC)
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        rootml.lod  # noqa: B018
