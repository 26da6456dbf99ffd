"""Samples and variables as users write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from rootml.errors import InputError
from rootml.tagged.samples import (
    SampleFiles,
    parse_sample,
    parse_variation,
    parse_weight_variation,
    scaled,
    settled,
)
from rootml.tagged.variables import parse_against


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("run1.root", "run2.root", "a=b.root", "x,y.root"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "title", "names"),
    [
        ("run1.root", "run1", ("run1.root",)),
        ("run*.root", "run*", ("run1.root", "run2.root")),
        ("t tbar=run*.root", "t tbar", ("run1.root", "run2.root")),
        ("Z=run2.root,run1.root,run2.root", "Z", ("run2.root", "run1.root")),
        ("a=b.root", "a=b", ("a=b.root",)),
        ("x,y.root", "x,y", ("x,y.root",)),
        ("root://host//a.root?x=1", "a", ("root://host//a.root?x=1",)),
        ("Z=root://h/a.root,root://h/b,.root", "Z", ("root://h/a.root", "root://h/b,.root")),
    ],
)
def test_a_sample_is_a_title_and_files(files, text, title, names):
    sample = parse_sample(text)
    assert (sample.title, sample.files) == (title, names)


def test_one_title_is_one_sample_and_names_are_safe_in_paths(files):
    both = settled([parse_sample("../Z/ν=run1.root"), parse_sample("../Z/ν=run2.root")])
    assert [(one.name, one.files) for one in both] == [("Z", ("run1.root", "run2.root"))]
    assert parse_sample("very long " * 40 + "=run1.root").name == ("very_long_" * 8).strip("_")


def test_beside_data_samples_are_simulation_and_variations_find_theirs(files):
    given = [
        parse_sample("Z=run1.root"),
        parse_sample("run2.root", "data", "Data"),
        parse_variation("up=run2.root"),
        parse_weight_variation("Z:pileup=w == 1"),
    ]
    nominal, data, shifted, weighted = settled(scaled(given, ["Z=0.25"]))
    assert (nominal.role, nominal.scale, data.title) == ("simulation", 0.25, "Data")
    assert (shifted.of, shifted.name, shifted.scale) == ("Z", "Z_up", 0.25)
    assert (weighted.files, weighted.weight, weighted.scale) == (("run1.root",), "w == 1", 0.25)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["no*.root"], "no.*: no file matches"),
        (["Z=run1.root", "Z =run2.root"], None),
        (["a b=run1.root", "a_b=run2.root"], "'a b' and 'a_b' would be written to one place"),
        ([f"{i}=run1.root" for i in range(13)], "13 samples are more than .*quote a glob"),
    ],
)
def test_samples_that_do_not_go_together(files, texts, said):
    if said is None:
        assert len(settled(map(parse_sample, texts))) == 1
        return
    with pytest.raises(InputError, match=said):
        settled(map(parse_sample, texts))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("up", "expected .SAMPLE:.NAME=FILES"),
        ("Y:up=run2.root", r"no sample is called 'Y'.*\(samples: 'W', 'Z'"),
        ("up=run2.root", "of which sample is it"),
    ],
)
def test_a_variation_says_of_what(files, text, said):
    with pytest.raises(InputError, match=said):
        settled([parse_sample("W=run1.root"), parse_sample("Z=run2.root"), parse_variation(text)])


@pytest.mark.parametrize("text", ["Z", "Z=", "Z=0", "Z=-1", "Z=nan", "Zz=1"])
def test_scales_are_checked(text):
    with pytest.raises(InputError, match="scale"):
        scaled([SampleFiles("Z", ("a.root",))], [text])


@pytest.mark.parametrize(
    ("text", "name", "title", "unit", "edges"),
    [
        ("energy", "energy", "energy", "", None),
        ("trk.nhits:0,10.5,1e2", "trk_nhits", "trk.nhits", "", (0, 10.5, 100)),
        ("p_T [GeV]=sqrt(px^2+py^2):0:100:4", "p_T", "p_T", "GeV", (0, 25, 50, 75, 100)),
        ("both=(a>1) && (b==2)", "both", "both", "", None),
        ("a==1", "a_1", "a==1", "", None),
        ("cos(theta):-1:1:2", "cos_theta", "cos(theta)", "", (-1, 0, 1)),
    ],
)
def test_a_variable_has_a_title_a_unit_and_edges(text, name, title, unit, edges):
    made = parse_against(text).variable
    assert (made.name, made.title, made.unit) == (name, title, unit)
    assert made.edges == (None if edges is None else pytest.approx(edges))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pt:0,10,5", "ascend"),
        ("pt:5:0:10", "LOW < HIGH"),
        ("pt:0:1:0", "N up to"),
        ("sqrt(pt", "--against: .*cannot be read"),
        ("sqr(pt)", "did you mean 'sqrt'"),
    ],
)
def test_variables_that_are_none(text, said):
    with pytest.raises(InputError, match=said):
        parse_against(text)
