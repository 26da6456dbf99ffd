"""The page of the studies, from their records; all that it says is computed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from common.talk import TALK, TITLES
from common.words import SIGNIFICANT, interval, percent, rounded, sentence, titles

Record = Mapping[str, Any]
FARTHEST = 1e9
"""Training events beyond which a power law is not extrapolated."""

HEAD = """# Repeating a talk on AMS data

What a talk did on simulation and flight data of AMS-02, done again on rootml's own simulation.
The talk: {source}.

**Two different samples.** The talk's events come from the detailed simulation of the experiment
and from its flight, ours from a fast model ([what it is worth](ams_simulation.md)), in equal
numbers of both kinds, and there are fewer of them. Numbers here are not those of AMS, nor
comparable with the talk's one by one; what is compared is the *order* of the classifiers.
`BDT (ecal3dbdt)` and `likelihood (EcalEMlhd)` are, in simulated files, models of the experiment's
own scores. Flight data are simulated too, by another model of the detector.

Rejections are those at {efficiency:g} % electron efficiency, with intervals of 68.27 % or, where no
proton passes, limits at 95 %. Ratios are of the same events at matched efficiencies; a difference
is called significant where the exact test of the protons that pass one cut alone gives
p < {significant:g}. These are errors of the test sample: another start of a training gives another
network, whose rejection may differ by more.

`python examples/ams/report.py` writes this page from the records in `ams/results`. Each study is
one command and takes your own files as well (`--files`, `--test-files`).
"""


def page(records: Iterable[Record]) -> str:
    """The page in Markdown; ``records``: those of the studies, in any order."""
    made = sorted(records, key=lambda record: str(record["study"]))
    head = HEAD.format(
        source=TALK["source"].strip(), efficiency=100 * TALK["efficiency"], significant=SIGNIFICANT
    )
    parts = [head, overview(made)]
    parts += [section(record) for record in made]
    return "\n".join(parts)


def overview(records: Sequence[Record]) -> str:
    """All claims that were weighed, in numbers."""
    verdicts = [
        sentence(one, comparison).rpartition(": ")[2]
        for record in records
        for comparison in record["comparisons"].values()
        for one in comparison["claims"]
    ]
    if not verdicts:
        return "No claim of the talk has been weighed yet.\n"
    counted = {verdict: verdicts.count(verdict) for verdict in sorted(set(verdicts))}
    rows = [(verdict, str(count)) for verdict, count in counted.items()]
    return "## The talk's orders, counted\n\n" + table(("order of two classifiers", "pairs"), rows)


def section(record: Record) -> str:
    """One study: what the talk says, plots, tables, sentences, trainings."""
    letter = record["study"]
    recipes = "the talk's recipes" if record["recipes"] == "talk" else "rootml's own recipes"
    parts = [
        f"## ({letter}) {record['title']}\n",
        f"> {TALK['statements'][letter]}\n",
        f"```sh\n{record['command']}\n```\n",
        f"Trained by {recipes}; {record['minutes']:g} minutes, trainings of earlier studies "
        "apart.\n",
    ]
    parts += [picture(record["name"], *figure) for figure in record["figures"].items()]
    parts += [compared(record, comparison) for comparison in record["comparisons"].values()]
    parts += [NUMBERS[letter](record)] if letter in NUMBERS and record["numbers"] else []
    return "\n".join([*parts, trainings(record)])


def picture(study: str, name: str, title: str) -> str:
    """A figure."""
    return f"![{title}](ams/{study}_{name}.png)\n"


def compared(record: Record, comparison: Record) -> str:
    """The table of a comparison, and a sentence for each of the talk's claims and each pair."""
    title = comparison["title"]
    lead = (
        f"**{title[:1].upper()}{title[1:]}**: {comparison['electrons']:,} electrons, "
        f"{comparison['protons']:,} protons, {comparison['left_out']:,} events left out.\n"
    )
    told = TALK["accuracy"] if record["study"] == "a" else {}
    names = ["", "AUC", "proton rejection", "protons that pass"]
    names += ["accuracy [%]", "in the talk [%]"] if told else []
    rows = []
    for row in comparison["classifiers"]:
        auc = f"{row['auc']['value']:.5f}"
        cells = [row["title"], auc, interval(row["rejection"]), f"{row['protons_passed']:,}"]
        if told:
            there = told.get(row["name"])
            cells += [percent(row["accuracy"]), "" if there is None else f"{100 * there:g}"]
        rows.append(cells)
    sentences = [f"- {one['where']}: {sentence(one, comparison)}." for one in comparison["claims"]]
    sentences += [f"- {_pair(pair, comparison)}." for pair in comparison.get("pairs", ())]
    return "\n".join([lead, table(names, rows), "\n".join(sentences) + "\n" if sentences else ""])


def _pair(pair: Record, comparison: Record) -> str:
    called = titles(comparison)
    ratio = f"{called[pair['one']]} over {called[pair['other']]}: {interval(pair['here'])}"
    return f"{ratio}, p = {pair['p_value']:g}"


def trainings(record: Record) -> str:
    """What was trained, on how many events, for how long."""
    names = ("", "model", "parameters", "training events", "epochs (best)", "minutes")
    rows = []
    for name, one in record["trainings"].items():
        settings, size = one["settings"], one["parameters"]
        epochs = (
            f"{settings['epochs']} ({settings['best_epoch']})" if "best_epoch" in settings else ""
        )
        events, drawn = one["events"]["train"], settings.get("train_events_per_epoch")
        seen = f"{events:,}" + (f", {drawn:,} an epoch" if drawn and drawn < events else "")
        minutes = f"{settings['minutes']:g}" if "minutes" in settings else ""
        parameters = "" if size is None else f"{size:,}"
        rows.append((one["title"], f"`{name}`", parameters, seen, epochs, minutes))
    return f"<details><summary>Trainings</summary>\n\n{table(names, rows)}\n</details>\n"


def _bins(record: Record) -> str:
    found, called = record["numbers"]["bins"], titles(record["comparisons"]["all"])
    names = ["energy [GeV]", *(called[name] for name in found)]
    rows = []
    for bins in zip(*found.values(), strict=True):
        label = f"{bins[0]['low']:g}-{bins[0]['high']:g}"
        rows.append(
            [label, *(interval(one["rejection"]) if "rejection" in one else "" for one in bins)]
        )
    return "Rejection in bins of reconstructed energy:\n\n" + table(names, rows)


def _laws(record: Record) -> str:
    laws = record["numbers"].items()
    return "".join(f"- {line}\n" for key, law in laws for line in _law(key, law))


def _law(key: str, law: Record) -> Iterator[str]:
    network, _, region = key.rpartition("_")
    at = law["extrapolated"]
    title = TITLES.get(network, network)
    yield (
        f"{title}, {region} 1 TeV: rejection grows as the number of training events to the power "
        f"{law['exponent']:.2f} ± {law['exponent_error']:.2f} "
        f"(χ²/ndf {law['chi2']:.1f}/{law['ndf']}); at {at['events']:,.0f} events that would be "
        f"{interval(at)}."
    )
    for name, needed in law["events_to_reach"].items():
        far = needed is None or needed > FARTHEST
        events = f"more than {FARTHEST:,.0f}" if far else rounded(needed)
        yield f"As much as {name} would need {events} events."


def _looks(record: Record) -> str:
    names = ("", "events", "", "within 2 cells of the shower", "in the first six layers")
    rows = [
        (
            f"{TITLES.get(network, network)}: {kind}",
            str(made["events"]),
            what,
            *(
                f"{made[what][key]['value']:.3f} ± {made[what][key]['error']:.3f}"
                for key in ("near", "early")
            ),
        )
        for network, kinds in record["numbers"].items()
        for kind, made in kinds.items()
        for what in ("image", "token", "rollout")
    ]
    return "Shares of deposits (image) and of attention:\n\n" + table(names, rows)


NUMBERS = {"c": _bins, "e": _laws, "i": _looks}
"""What else a study found, by its letter."""


def table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [names, ["---"] * len(names), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
