"""``rootml tensors``: what a network would see of files, as one HDF5 file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click


@click.command(short_help="Write the tensors of a view to an HDF5 file.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="HDF5 file to write.",
)
@click.option("--adapter", required=True, help="Installed adapter, or my.adapter.yaml.")
@click.option("--view", default="", help="View of the adapter, where it has several.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    help="A further logical column, which every file must have; repeatable.",
)
@click.option("--max-events", type=click.IntRange(min=1), help="Read at most so many events.")
@click.option("--tree", help="Name of the tree, where a file has several.")
@click.option("--overwrite", is_flag=True, help="Replace the output if it exists.")
def tensors(
    files: tuple[Path, ...],
    output: Path,
    adapter: str,
    view: str,
    columns: tuple[str, ...],
    max_events: int | None,
    tree: str | None,
    overwrite: bool,
) -> None:
    """Write what the VIEW of an adapter makes of FILES to one HDF5 file.

    \b
    rootml tensors ams.root -o ams.h5 --adapter ams --view image2

    Its datasets: tensors/NAME, the rows; file and entry, where each comes from; columns/NAME:
    truth, energy and estimates that the files have, NaN where one has none.
    """
    rows = write_tensors(
        files,
        output,
        adapter,
        view,
        columns=columns,
        max_events=max_events,
        tree=tree,
        overwrite=overwrite,
    )
    click.echo(f"{output}: {rows:,} rows, {output.stat().st_size / 1e6:.1f} MB")


def write_tensors(
    files: Sequence[str | Path],
    output: str | Path,
    adapter: str | Path,
    view: str = "",
    *,
    columns: Sequence[str] = (),
    max_events: int | None = None,
    tree: str | None = None,
    overwrite: bool = False,
) -> int:
    """What the command does; returns how many rows there are. Read with :func:`.store.read_hdf5`.

    The file appears when it is complete. Raises InputError where a file cannot be read or has
    not all ``columns``, OutputError where ``output`` cannot be written, RegistryError for an
    unknown adapter or view.
    """
    from rootml.rootio.container.transaction import Transaction, reporting
    from rootml.training.cache import describe, scratch
    from rootml.training.chosen import find_view
    from rootml.training.reading import Reading, load_dataset
    from rootml.training.store import write_hdf5

    chosen = find_view(adapter, view)
    transaction = Transaction(Path(output), tuple(map(Path, files)), overwrite=overwrite)
    try:
        with scratch(transaction.target.parent) as folder, reporting(transaction.target):
            found = chosen.adapter
            more = [found.truth.label, found.truth.energy, *(r.column for r in found.references)]
            how = Reading(
                columns=columns,
                more=[name for name in more if name and name not in columns],
                max_events=max_events,
                tree=tree,
                takes_nan=True,
            )
            data = load_dataset(files, found, chosen.view, None, folder, **how)
            about = describe(files, found, chosen.view, None, chosen.declaration, how)
            write_hdf5(data, transaction.path, about)
        transaction.commit()
    finally:
        transaction.abort()
    return len(data)
