"""The page of the studies, from their records; all that it says is computed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from counted.conditions import SCANS
from counted.draw import CLUSTERS
from counted.sets import probabilities
from counted.tables import Record, half, percent, table
from counted.talk import TALK
from counted.trainings import NETWORKS

HEAD = """# Counting tracks in SuperNEMO

What a talk did with convolutional networks, done again on rootml's own simulation, and further.
The talk: {source}.

**Two samples of one kind.** The talk's events are made by SN-IEgenerator's "haystacks": straight
tracks from a vertex each, and a detector that loses nothing. `rootml simulate supernemo` draws
tracks in the same way ([what it is worth](supernemo_simulation.md)); `conditions=detector` adds
what is lost in a real one, and noise. The network sees the cells with heights and radii of their
hits; the talk's saw three projections of them.

Accuracies are shares of events whose number of tracks is the true one; intervals are those of
Clopper and Pearson at 68 %. They are those of the test sample: another start of a training gives
another network. `python examples/supernemo/report.py` writes this page from the records in
`supernemo/results`; each study is [one command](../../examples/supernemo/README.md).
"""
LINKS = """## More

- [Hits joined to tracks](supernemo_clusters.md)
- [Where tracks end in the calorimeter](supernemo_association.md)
- [Dead cells](supernemo_dead_cells.md)
- [Double beta decay with and without neutrinos](supernemo_events.md)
- [The simulation](supernemo_simulation.md)
- [Layouts, views, heights by timestamps](../reference/supernemo.md)
"""


def page(records: Iterable[Record]) -> str:
    """The page in Markdown; ``records``: those of the studies, in any order."""
    made = sorted(records, key=lambda record: str(record["study"]))
    return "\n".join([HEAD.format(source=TALK["source"].strip()), *map(section, made), LINKS])


def section(record: Record) -> str:
    """One study: what the talk says, its command, tables, sentences and plots."""
    letter = record["study"]
    told = TALK["statements"].get(letter)
    figures: Mapping[str, str] = record["figures"]
    parts = [
        f"## ({letter}) {record['title']}\n",
        *([f"> {told.strip()}\n"] if told else []),
        f"```sh\n{record['command']}\n```\n",
        SECTIONS[letter](record),
        *(
            f"![{title}](supernemo/{record['name']}_{name}.png)\n\n*{title}.*\n"
            for name, title in figures.items()
        ),
    ]
    return "\n".join(parts)


def counting(record: Record) -> str:
    """(a): accuracies and the confusion matrix beside the talk's."""
    numbers, talk = record["numbers"], TALK["confusion"]
    made = numbers["accuracy"]
    beside = {"all": f"{TALK['overall']:.2f}"}
    beside |= {str(number): f"{row[number]:.2f}" for number, row in enumerate(talk)}
    rows = [
        (_group(name), f"{row['events']:,}", percent(row), beside.get(name, ""))
        for name, row in made.items()
    ]
    accuracy = table(("true tracks", "events", "counted right, %", "talk, %"), rows)
    cells = []
    for number, row in enumerate(numbers["confusion"]):
        shares = [100 * count / max(sum(row), 1) for count in row]
        both = zip(shares, talk[number], strict=True)
        cells.append((f"**{number}**", *(_cell(*pair) for pair in both)))
    matrix = table(("true", *(f"counted {n}" for n in range(len(cells)))), cells)
    return (
        f"{_network(record)} {_notes(record)}\n\n{accuracy}\n{_verdict(made['all'])}\n\n"
        f"What is taken for what, in per cent of the true number; in brackets the talk:\n\n{matrix}"
    )


def _verdict(row: Record) -> str:
    """How the accuracy of all events compares with the talk's."""
    talk = TALK["overall"] / 100
    error = math.hypot(half(row), math.sqrt(talk * (1 - talk) / TALK["test"]))
    away = (row["value"] - talk) / error
    rows = TALK["confusion"]
    even = sum(one[number] for number, one in enumerate(rows)) / len(rows)
    least = 3.0
    how = "more" if away > least else "fewer" if away < -least else "as many"
    what = f"{how} than the talk" if how != "as many" else "as many as the talk, within errors"
    return (
        f"Of all events {percent(row)} % are counted right: {what} ({away:+.1f} standard "
        f"deviations). The talk's {TALK['overall']} % is its unweighted overall accuracy, of a "
        f"mixture that it does not tell: as many events of each number would give {even:.2f} %. "
        f"Its agglomerative clustering has {TALK['agglomerative']} %."
    )


def _group(name: str) -> str:
    return {"all": "0 to 3", "tracks": "1 to 3"}.get(name, name)


def _cell(here: float, there: float) -> str:
    digits = ["0" if not one else f"{one:.2f}" for one in (here, there)]
    return f"{digits[0]} ({digits[1]})"


def _network(record: Record) -> str:
    (one,) = record["networks"].values()
    events = one["events"]
    return (
        f"`{one['name']}` {one['version']}: {one['parameters']:,} parameters, trained on "
        f"{events.get('train', 0):,} events."
    )


def _notes(record: Record) -> str:
    """What the card says of the training's events."""
    (one,) = record["networks"].values()
    return f"The card on them: {one['notes']}." if one["notes"] else ""


def networks(record: Record) -> str:
    """(b): the networks side by side."""
    numbers, told = record["numbers"], record["networks"]
    names = ("", "parameters", "1 to 3 tracks, %", "1", "2", "3")
    rows = [
        (
            title,
            f"{told[title]['parameters']:,}",
            *(percent(row[key]) for key in ("tracks", "1", "2", "3")),
        )
        for title, row in numbers["accuracy"].items()
    ]
    first = next(iter(told.values()))
    parts = [
        f"These trainings are small: {first['events']['train']:,} events, "
        f"{first['settings']['epochs']} epochs, bfloat16; the talk had {TALK['train']:,} events. "
        f"What can be compared is how much each network learns from "
        f"the same few events. Tested on the {numbers['events']:,} events of (a).\n",
        table(names, rows),
    ]
    if lacking := [title for title in NETWORKS.values() if title not in told]:
        parts.append(f"Left out, to be had with `-m`: {', '.join(lacking)}.\n")
    if numbers.get("behind"):
        more = "; ".join(f"{title} {_signed(one)}" for title, one in numbers["behind"].items())
        parts.append(
            f"Of all events, those that `{numbers['ours']}` counts right and the others do not, "
            f"less those of the contrary, in per cent: {more}.\n"
        )
    return "\n".join(parts)


def _signed(one: Record) -> str:
    return f"{100 * one['value']:+.2f} ± {100 * one['error']:.2f}"


def robustness(record: Record) -> str:
    """(c): conditions and kinds of tracks, and the points of the curves."""
    numbers = record["numbers"]
    rows = []
    for title, detectors in numbers["places"].items():
        cells = [percent(row, 1) for found in detectors.values() for row in found.values()]
        rows.append((title, *cells))
    first = next(iter(numbers["places"].values()))
    names = [f"{detector}, {name}" for detector, found in first.items() for name in found]
    points = []
    for name, found in numbers["scans"].items():
        scan = SCANS[name]
        for row in found:
            shares = [percent(one, 1) for key, one in row.items() if key != "value"]
            points.append((scan.label, f"{scan.scale * row['value']:g}", *shares))
    series = [key for key in next(iter(numbers["scans"].values()))[0] if key != "value"]
    curves = table(("", "", *series), points)
    return (
        f"{_network(record)} Each point has {numbers['events']:,} events of 1 to 3 tracks; "
        f"{CLUSTERS} clustering, which joins the nearest hits and whose settings were chosen on "
        f"{numbers['tuning']:,} clean events (in the table's real detector: on such ones), gets a "
        "fifth of them. Shares counted right, in per cent:\n\n"
        f"{table(('', *names), rows)}\n"
        "In the figure one thing at a time differs from the clean detector and straight tracks. "
        "Neither is told which hits are noise, or which cells are dead.\n\n"
        f"<details><summary>The points</summary>\n\n{curves}\n</details>\n"
    )


def display(record: Record) -> str:
    """(d): what the picture shows."""
    numbers = record["numbers"]
    return (
        "Dots have the colour of the true track, rings that of the found one "
        f"(`{numbers['clusters']}`). `{_name(record)}` counts {numbers['count']} tracks, with a "
        f"probability of {_nearly(numbers['probability'])} %. `rootml_supernemo.display` draws "
        "[any event](../reference/supernemo.md#pictures-of-events) of a file like this.\n"
    )


def _nearly(probability: float) -> str:
    """In per cent, never all."""
    return f"{100 * probability:.1f}" if probability < 0.9995 else "more than 99.9"


def _name(record: Record) -> str:
    (one,) = record["networks"].values()
    return str(one["name"])


def failures(record: Record) -> str:
    """(e): what events that are counted wrong have in common."""
    numbers = record["numbers"]
    rows = [
        (
            text,
            percent(row["of_wrong"], 1),
            percent(row["of_right"], 1),
            percent(row["wrong_with"], 1) if row["wrong_with"]["events"] else "",
            percent(row["wrong_without"]),
        )
        for text, row in numbers["traits"].items()
    ]
    names = ("", "of the wrong, %", "of the right, %", "wrong with it, %", "wrong without it, %")
    sure = numbers["sure"]
    return (
        f"{numbers['wrong']:,} of {numbers['events']:,} events are counted wrong. The network "
        f"gives its number a probability above 90 % in {percent(sure['wrong'], 1)} % of them, and "
        f"in {percent(sure['right'])} % of the others. Of the {numbers['several']:,} events with "
        f"two or three tracks:\n\n{table(names, rows)}\n"
        "Of a cell that two tracks cross the nearer one is measured, whatever their heights.\n"
    )


def speed(record: Record) -> str:
    """(g): events a second."""
    numbers = record["numbers"]
    texts = {
        "building": "tensors from columns in memory",
        "network": "network",
        "both": "tensors and network",
        "file": "`rootml-tag` without plots, from file to file",
    }
    rows = [
        (text, *(f"{numbers[name][key]:,.0f}" for key in ("value", "low", "high")))
        for name, text in texts.items()
    ]
    return (
        f"ONNX Runtime on one thread; median of {numbers['rounds']} rounds (three with the file of "
        f"{numbers['events']:,} events), and their range.\n\n"
        f"{table(('', 'events/s', 'least', 'most'), rows)}"
    )


def real_format(record: Record) -> str:
    """(h): the numbers of tracks in a file."""
    numbers = record["numbers"]
    rows = [
        (title, *(f"{numbers[key].get(str(n), 0):,}" for n in range(-1, 4)))
        for title, key in (("events", "counts"), ("probability above 90 %", "sure"))
    ]
    names = (f"{n} track{'s' * (n != 1)}" for n in range(4))
    return (
        f"`{numbers['file']}` holds {numbers['events']:,} events of Falaise in the layout "
        f"`{numbers['layout']}`, with {numbers['hits']:.1f} hits an event; how many tracks are in "
        f"them it does not say. `rootml-tag` adds what `{_name(record)}` counts; as "
        f"{numbers['reader']} reads the tagged file:\n\n"
        f"{table(('', 'not judged', *names), rows)}"
    )


SECTIONS = {
    "a": counting,
    "b": networks,
    "c": robustness,
    "d": display,
    "e": failures,
    "f": probabilities,
    "g": speed,
    "h": real_format,
}
"""What a study found, by its letter."""
