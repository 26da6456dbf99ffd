"""``rootml tag``: the batch command."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rootml.commands.account import print_account
from rootml.commands.console import loading, parse_range, progress
from rootml.commands.styling import style_options, style_texts
from rootml.errors import InputError, OutputError

if TYPE_CHECKING:
    from rootml.validation import Style


def _entry_range(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[float | None, float | None]:
    return (None, None) if value is None else parse_range(value, int)


@click.command(short_help="Add the outputs of networks to ROOT files.", no_args_is_help=True)
@click.argument("files", nargs=-1, required=True, metavar="IN... [OUT]")
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    metavar="NAME",
    help="Network to apply: NAME[@VERSION], a card, pack or address; repeatable. Default: the "
    "experiment's own.",
)
@click.option(
    "-o",
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the outputs; then every argument is an input.",
)
@click.option("--tree", help="Tree to tag, if the file has several that could be meant.")
@click.option(
    "--friend",
    "friends",
    multiple=True,
    metavar="[ALIAS=]FILE[:TREE]",
    help="File whose branches belong to the same entries; repeatable. Friends that the tree "
    "itself names are found without.",
)
@click.option("--adapter", help="Experiment, if the branches leave it open.")
@click.option(
    "--output",
    type=click.Choice(["append", "friend"]),
    default="append",
    show_default=True,
    help="Copy the file and append, or write a friend tree alone.",
)
@click.option(
    "--in-place",
    is_flag=True,
    help="Append to the inputs themselves; every argument is an input. Killed at any moment, "
    "a file reads as before or as after.",
)
@click.option("--prefix", default="", help="Put before the names of the new branches.")
@click.option("--outputs", help="Outputs of the network to write, comma-separated. Default: all.")
@click.option(
    "--pass",
    "--working-points",
    "working_points",
    default="",
    metavar="POINTS",
    help="Cuts of the cards to write as branches of bools, comma-separated: pass90 (or 90), "
    "flat90, ...; all.",
)
@click.option("--batch-size", type=click.IntRange(1), help="Rows the network sees at once.")
@click.option("--threads", type=click.IntRange(1), help="Threads of the network.")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@click.option(
    "--engine", metavar="NAME", help="What runs the networks. Default: as their cards say."
)
@click.option(
    "--compression",
    metavar="ALG-LEVEL",
    help="Of the new branches: ZSTD-5, LZ4-1, ZLIB-6, LZMA-7, none. Default: the file's.",
)
@click.option(
    "--entry-range",
    callback=_entry_range,
    metavar="A:B",
    help="Judge only entries A to B (exclusive); the others get NaN.",
)
@click.option(
    "--overwrite",
    is_flag=True,
    help="Replace the output, and branches of that name; "
    "earlier cuts on these are dropped unless asked for again.",
)
@click.option(
    "--verify",
    is_flag=True,
    help="Compare every object and branch with the input before the output counts.",
)
@click.option(
    "--plots",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of the validation plots. Default: OUT_validation.",
)
@click.option("--no-plots", is_flag=True, help="Draw no validation plots.")
@style_options
@click.option("--dry-run", is_flag=True, help="Say what would be read, run and written; stop.")
@click.option("--json", "as_json", is_flag=True, help="Print the account as JSON.")
@click.option("-v", "--verbose", is_flag=True, help="Say more.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def tag(
    files: tuple[str, ...],
    output_dir: Path | None,
    in_place: bool,
    plots: Path | None,
    no_plots: bool,
    outputs: str | None,
    working_points: str,
    as_json: bool,
    verbose: bool,
    quiet: bool,
    dry_run: bool,
    **options: Any,
) -> None:
    """Write OUT: everything in IN, and the outputs of a network as new branches.

    With no option it finds out which experiment's file IN is, applies that experiment's
    default network and draws the validation plots into OUT_validation/. IN is never changed,
    but with --in-place; OUT appears whole or not at all. Several inputs, or globs, need a folder
    as OUT (or -o).

    \b
    rootml-tag in.root out.root
    rootml-tag in.root out.root --model cnn_ams --model cvt_ams --no-plots
    rootml-tag in.root out.root --pass 90,flat95
    rootml-tag 'run*.root' tagged/
    rootml-tag in.root friend.root --output friend
    rootml-tag in.root --in-place
    """
    with loading():
        from rootml.rootio.container.transaction import made_folder
        from rootml.rootio.opening import check_file, inflate_fast
        from rootml.tagging import tag_file

    inflate_fast()
    texts = style_texts(options)
    accounts = []
    pairs, folder = _pairs(files, output_dir, in_place=in_place)
    for source, _ in pairs:
        check_file(source)
    if options["friends"] and len(pairs) > 1:
        raise InputError(f"--friend belongs to one input, but there are {len(pairs)}")
    with nullcontext() if folder is None else made_folder(folder):
        for source, target in pairs:
            stem = (target or Path(source)).stem
            where = plots / stem if plots and len(pairs) > 1 else plots
            then = "" if no_plots else "drawing plots"
            with progress(Path(source).name, then=then, quiet=quiet or as_json) as report:
                result = tag_file(
                    source,
                    target,
                    in_place=in_place,
                    outputs=None if outputs is None else [o.strip() for o in outputs.split(",")],
                    working_points=_points(working_points),
                    plots=False if no_plots else where or True,
                    style=None if no_plots else _style(texts),
                    dry_run=dry_run,
                    progress=report,
                    **options,
                )
            accounts.append(result.to_json())
            if not (quiet or as_json):
                print_account(result, verbose=verbose)
    if as_json:
        click.echo(json.dumps(accounts[0] if len(accounts) == 1 else accounts, indent=2))


def _points(text: str) -> str | list[str]:
    """The names of working points; a number is an efficiency in percent."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    return "all" if names == ["all"] else [f"pass{n}" if n.isdigit() else n for n in names]


def _style(texts: Sequence[str]) -> Style:
    from rootml.validation import Style  # late: nothing of it is needed without plots

    return Style(*texts)


def _pairs(
    files: tuple[str, ...], output_dir: Path | None, *, in_place: bool
) -> tuple[Sequence[tuple[str, Path | None]], Path | None]:
    """Each input with its output, and the folder of the outputs if there is one.

    Globs are opened up, as a quoted one reaches us whole.
    """
    from rootml.rootio.opening import find_files

    if in_place:
        if output_dir is not None:
            raise InputError("--in-place changes the inputs; it takes no folder (-o)")
        return [(path, None) for text in files for path in find_files(text)], None
    if output_dir is None and len(files) < 2:
        raise InputError(f"{files[0]}: where to? Give an output file, or a folder with -o")
    inputs = [path for text in (files if output_dir else files[:-1]) for path in find_files(text)]
    last = files[-1]
    folder = output_dir
    if folder is None and (len(inputs) > 1 or last.endswith("/") or Path(last).is_dir()):
        folder = Path(last)
    if folder is None:
        return [(inputs[0], Path(last))], None
    if folder.is_file():
        raise OutputError(f"{folder}: is a file; several inputs need a folder to go to")
    names = [Path(path).name for path in inputs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise OutputError(f"two inputs are called {twice!r}: they would become one output")
    return [(path, folder / name) for path, name in zip(inputs, names, strict=True)], folder
