"""The reference page documents every key, and its examples are declarations."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from rootml.declared import kinematics, schema
from rootml.declared.adapter import declare
from rootml.declared.functions import FUNCTIONS
from rootml.declared.schema import Declaration

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "declaration.md"
TEXT = PAGE.read_text(encoding="utf-8")
SECTIONS = {
    "Keys of a declaration": Declaration,
    "`branches`": schema.BranchSource,
    "`vectors`": kinematics.Vector,
    "`variables`": kinematics.Kinematics,
    "`truth`": schema.DeclaredTruth,
    "`references`": schema.DeclaredReference,
    "`variations`": schema.DeclaredVariation,
}
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def section(title: str) -> str:
    """The text below a heading, up to the next."""
    found = re.search(rf"^##+ {re.escape(title)}\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def keys(text: str) -> set[str]:
    """What stands in backticks, alone, in a text without its examples."""
    return set(re.findall(r"`(\w+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)))


@pytest.mark.parametrize(("title", "kind"), SECTIONS.items(), ids=[*SECTIONS])
def test_every_key_is_documented(title: str, kind: type[BaseModel]) -> None:
    assert set(kind.model_fields) <= keys(section(title))


def test_every_key_of_tensors_and_columns_is_documented() -> None:
    tensors, columns = section("`tensors`").split("A column, or an array, is")
    assert set(schema.Tensor.model_fields) <= keys(tensors)
    assert set(schema.InputColumn.model_fields) <= keys(columns)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_examples_are_declarations(example: str) -> None:
    declare(Declaration.model_validate(yaml.safe_load(example)), "example")


def test_every_key_is_in_an_example() -> None:
    kinds = (*SECTIONS.values(), schema.Tensor, schema.InputColumn)
    known = {key for kind in kinds for key in kind.model_fields}
    shown = set(re.findall(r"(\w+):", "".join(EXAMPLES)))
    by_quantity = {"eta", "phi", "pt", "rapidity"} | set(kinematics.OF_PAIR)
    assert known - shown <= by_quantity


def test_functions_that_are_named_are_there() -> None:
    for text in ("atan2(x, y)", "sinh(x)", "TMath::Abs(x)", "Sum$(x)", "Length$(x)", "ceil(x)"):
        declare(Declaration.model_validate({"tensors": {"x": [text.replace("y", "z")]}}), "example")
    assert {"log2", "log10", "where"} <= FUNCTIONS.keys()
