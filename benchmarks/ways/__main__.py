"""Ways to put a network's scores beside the events, side by side.

    python benchmarks/ways                     # all contests
    python benchmarks/ways flat --repeat 7
    python benchmarks/ways --folder /tmp/ways --record run.json
    python benchmarks/ways --show run.json --plot run.png

Each way is a whole process, timed from outside, start-up and imports included; the contestants
take turns, so that other work on the machine meets all of them, and the median of the turns
counts. With ``--record`` a later call adds its turns to those of earlier ones. Ways whose
software is missing are named; ``make bench`` installs all of it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import flat
import machine
import others
from contest import Contest
from record import Record
from table import tables

CONTESTS: dict[str, Callable[..., Contest]] = {
    "flat": flat.contest,
    "large": others.large,
    "workers": others.workers,
    "memory": others.memory,
    "start": others.start,
}


def main() -> None:
    options = parsed()
    record = Record.read(options.show) if options.show else measured(options)
    print(tables(record))
    if options.plot:
        from plot import draw  # what measures imports nothing large

        draw(record, options.plot)


def measured(options: argparse.Namespace) -> Record:
    record = Record.opened(options.record, machine.describe(), machine.today())
    sizes = {"events": options.events} if options.events else {}
    with tempfile.TemporaryDirectory(prefix="rootml-ways-") as scratch:
        folder = options.folder or Path(scratch)
        for name in options.contests or CONTESTS:
            hold(CONTESTS[name](folder / name, **sizes), record, options)
    return record


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python benchmarks/ways",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = ", ".join(CONTESTS)
    parser.add_argument("contests", nargs="*", metavar="CONTEST", help=f"{names}; default: all")
    parser.add_argument("-n", "--events", type=int, help="of a file; default: as recorded")
    parser.add_argument("--repeat", type=int, default=5, help="turns of each way (default: 5)")
    parser.add_argument("--count-all", action="store_true", help="no first turn without counting")
    parser.add_argument("--only", help="ways whose name contains this, and what they compare with")
    parser.add_argument("--folder", type=Path, help="keeps the inputs for a later run")
    parser.add_argument("--record", type=Path, help="JSON to add the turns to")
    parser.add_argument("--show", type=Path, help="JSON recorded before; measures nothing")
    parser.add_argument("--plot", type=Path, help="PNG of the flat job")
    options = parser.parse_args()
    if unknown := set(options.contests) - set(CONTESTS):
        parser.error(f"no contest {', '.join(unknown)}: there are {names}")
    return options


def hold(contest: Contest, record: Record, options: argparse.Namespace) -> None:
    """Measure what is installed round by round; the record is kept after each."""
    print(contest.title, file=sys.stderr)
    only = options.only or ""
    ways = [way for way in contest.ways if only in way.label or way.label == contest.base]
    missing = {way.label: way.install for way in ways if way.lacks()}
    contest = replace(contest, ways=[way for way in ways if way.label not in missing])
    rounds = record.rounds(contest, missing)
    contest.make_inputs()
    if not rounds and not options.count_all:
        contest.first_turn()
    for number in range(options.repeat):
        print(f"  round {number + 1} of {options.repeat}", file=sys.stderr)
        rounds.append(contest.round())
        if options.record:
            record.save(options.record)


if __name__ == "__main__":
    main()
