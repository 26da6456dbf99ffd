"""Rows that are objects of events, and rows of no class."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
import uproot

from rootml import tag_file
from rootml.card import ModelCard, Output
from rootml.errors import BranchError, DataError
from rootml.training import train
from rootml.training.reading import load_dataset
from rootml.training.task import Classification, Regression

MOMENTUM = Regression("true", (Output(name="momentum", estimates="true"),))
FRACTIONS = (0.6, 0.2, 0.2)


@pytest.fixture
def read(tracks, tmp_path):
    def read(*files, view="strict", task=None, **options):
        folder = tmp_path / f"cache{len(list(tmp_path.glob('cache*')))}"
        folder.mkdir()
        adapter = tracks.ADAPTER
        task = task or Classification()
        return load_dataset(files, adapter, adapter.views[view], task, folder, **options)

    return read


@pytest.fixture
def per_event():
    return np.random.default_rng(5).multinomial(900, np.full(400, 1 / 400))


def test_objects_are_the_rows_of_a_flat_file(read, write_tracks, per_event):
    one = read(write_tracks("flat.root", 900))
    several = read(write_tracks("jagged.root", 900, per_event=per_event))
    assert np.array_equal(one.tensors["track"], several.tensors["track"])
    assert np.array_equal(one.truth, several.truth)
    assert several.entry.tolist() == np.repeat(np.arange(400), per_event)[one.entry].tolist()


def test_an_event_never_straddles_parts(read, write_tracks, per_event):
    data = read(write_tracks(count=900, per_event=per_event))
    parts = data.parts(1, FRACTIONS)
    events = [set(data.entry[rows]) for rows in parts.values()]
    assert sum(map(len, events)) == len(set.union(*events))
    assert min(map(len, events)) > 40


def test_what_is_of_no_class_is_left_out_and_counted(read, write_tracks):
    file = write_tracks(count=900)
    data = read(file)
    assert set(data.truth) == {0, 1}
    assert 20 < data.skipped < 80  # no hits
    assert 50 < data.unknown < 130  # of no class
    assert len(data) + data.skipped + data.unknown == 900
    momenta = read(file, task=MOMENTUM)
    assert momenta.unknown == 0
    assert len(momenta) == len(data) + data.unknown


def test_true_values_that_are_not_known_are_left_out(read, write_tracks):
    true = np.random.default_rng(1).normal(105, 1, 900)
    true[::3] = np.nan
    hits = np.ones(900, np.int32)
    data = read(write_tracks(count=900, true=true, hits=hits), task=MOMENTUM)
    assert (len(data), data.unknown) == (600, 300)
    assert np.array_equal(data.truth, true[data.entry])
    assert data.columns.keys() == {"fit"}
    assert np.isfinite(data.columns["fit"]).all()


def test_max_events_counts_events_not_objects(read, write_tracks, per_event):
    data = read(write_tracks(count=900, per_event=per_event), max_events=100)
    assert data.entry.max() < 100
    assert len(data) + data.skipped + data.unknown == per_event[:100].sum()


def test_a_label_of_the_event_holds_for_its_objects(read, write_tracks, per_event):
    label = np.arange(400, dtype=np.int8) % 2
    file = write_tracks(count=900, per_event=per_event, of_event={"label": label})
    data = read(file)
    assert np.array_equal(data.truth, label[data.entry])


def test_labels_that_do_not_go_with_the_objects(read, write_tracks, per_event):
    label = ak.unflatten(np.ones(900, np.int8), np.roll(per_event, 1))
    file = write_tracks(count=900, per_event=per_event, of_event={"label": label})
    event = int(np.flatnonzero(np.roll(per_event, 1) != per_event)[0])
    match = rf"tracks\.root.*entry {event}: column 'label' has \d+ values for \d+ objects"
    with pytest.raises(DataError, match=match):
        read(file)


def test_missing_values_go_where_they_are_understood(read, write_tracks):
    chi2 = np.full(900, np.nan, np.float32)
    file = write_tracks(count=900, chi2=chi2)
    with pytest.raises(DataError, match="'track' holds NaN or infinity"):
        read(file, takes_nan=True)
    with pytest.raises(DataError, match="this learner knows no missing values, XGB"):
        read(file, view="gaps")
    assert np.isnan(read(file, view="gaps", takes_nan=True).tensors["track"][:, 1]).all()
    chi2[500] = np.inf
    hits = np.ones(900, np.int32)
    labels = {"hits": hits, "label": np.arange(900, dtype=np.int8) % 2}
    with pytest.raises(DataError, match="entry 500: tensor 'track' holds infinity"):
        read(write_tracks(count=900, chi2=chi2, **labels), view="gaps", takes_nan=True)


ELECTRONS = """
title: Electrons
trees: [Events]
per: Electron
select: Electron_pt > 10
tensors:
  features:
    - log(Electron_pt)
    - abs(Electron_eta)
    - {value: Electron_hoe, missing: nan, sentinels: [-1]}
truth: {label: Electron_genPartFlav == 1, classes: [fake, prompt]}
"""


def electrons(path, count=800, seed=4):
    """NanoAOD: prompt electrons leave less energy in the hadronic calorimeter."""
    rng = np.random.default_rng(seed)
    numbers = rng.poisson(1.5, count)
    total = numbers.sum()
    prompt = rng.random(total) < 0.5
    hoe = rng.exponential(np.where(prompt, 0.02, 0.1))
    columns = {
        "pt": rng.uniform(5, 60, total).astype("f4"),
        "eta": rng.uniform(-2.5, 2.5, total).astype("f4"),
        "hoe": np.where(rng.random(total) < 0.1, -1, hoe).astype("f4"),
        "genPartFlav": np.where(prompt, 1, rng.choice([0, 5], total)).astype("u1"),
    }
    events = {"Electron": ak.unflatten(ak.zip(columns), numbers)}
    with uproot.recreate(path) as file:
        file.mktree("Events", {name: array.type.content for name, array in events.items()})
        file["Events"].extend(events)
    return numbers, columns


def test_a_truth_that_is_misspelt_names_the_nearest(tmp_path):
    electrons(tmp_path / "in.root")
    adapter = tmp_path / "electrons.adapter.yaml"
    adapter.write_text(ELECTRONS.replace("genPartFlav", "genPartFlavour"))
    with pytest.raises(BranchError, match=r"no branch 'Electron_genPartFlavour'.*'Electron_genP"):
        train("xgboost", [tmp_path / "in.root"], tmp_path / "run", adapter=adapter)


def test_electrons_of_a_nanoaod_from_declaration_to_tagged_file(tmp_path):
    """From one text and one file: a booster per electron, whose card says how to read others."""
    (tmp_path / "electrons.adapter.yaml").write_text(ELECTRONS)
    numbers, columns = electrons(tmp_path / "in.root")
    adapter, folder = tmp_path / "electrons.adapter.yaml", tmp_path / "run"
    card = train("xgboost", [tmp_path / "in.root"], folder, adapter=adapter, name="prompt")
    training = ModelCard.read(card).training
    assert training.command == (
        "rootml train xgboost in.root --name prompt --adapter electrons.adapter.yaml"
    )
    assert sum(training.events.values()) == np.sum(columns["pt"] > 10)
    adapter.unlink()  # the card holds all of it
    tag_file(tmp_path / "in.root", tmp_path / "out.root", models=str(card), plots=False)
    with uproot.open(tmp_path / "out.root") as file:
        scores = file["Events"]["Electron_prompt_score"].array()
    assert ak.num(scores).tolist() == numbers.tolist()
    flat, known = ak.to_numpy(ak.flatten(scores)), columns["pt"] > 10
    assert np.array_equal(np.isfinite(flat), known)
    prompt = columns["genPartFlav"] == 1
    assert flat[known & prompt].mean() > flat[known & ~prompt].mean() + 0.3
