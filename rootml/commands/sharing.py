"""``rootml models pull``, ``export``, ``pack``: models from others, and for others."""

from __future__ import annotations

from pathlib import Path

import click

from rootml.commands.console import progress

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command(short_help="Bring models to this machine.", no_args_is_help=True)
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@click.option("--to", "folder", type=_FOLDER, help="Put it there too, as `export` does.")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
def pull(models: tuple[str, ...], folder: Path | None, quiet: bool) -> None:
    """Bring each MODEL to this machine: its network into the cache, if it is nowhere else.

    MODEL is a name, or an address with the sha256 of what is there:

    \b
    rootml models pull cvt_ams
    rootml models pull https://host/dir/x.card.yaml#sha256=...
    rootml models pull hf://org/repo@v1/x.card.yaml#sha256=... --to ~/models
    """
    from rootml.registry import find_card, find_network
    from rootml.sources.export import export_model

    for model in models:
        with progress(
            model.partition("?")[0].partition("#")[0], unit="bytes", quiet=quiet
        ) as report:
            located = find_card(model, report=report)
            network = find_network(located, report=report)
            if folder is not None:
                card = export_model(located, folder)
        click.echo(f"{located.full_name}: {network if folder is None else card}")


@click.command(short_help="Make a folder that others can load models from.", no_args_is_help=True)
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@click.argument("folder", type=_FOLDER)
@click.option("--triton", is_flag=True, help="Make it a model repository of Triton.")
def export(models: tuple[str, ...], folder: Path, triton: bool) -> None:
    """Put each MODEL into FOLDER/<name>/<version>/, to be served or to be named in ROOTML_PATH.

    Prints the reference by which others load it, once FOLDER is at an address. With --triton, into
    FOLDER/<name>/ as Triton Inference Server takes it, and how to have it run there.

    \b
    rootml models export cvt_ams cnn_ams shared
    rootml models export cvt_ams --triton repository
    """
    from rootml.registry import find_card
    from rootml.sources.cache import file_sha256
    from rootml.sources.export import export_model

    for model in models:
        if triton:
            _export_triton(model, folder)
            continue
        card = export_model(find_card(model), folder)
        address = card.relative_to(folder).as_posix()
        served = f"https://<where {folder} is served>/{address}#sha256={file_sha256(card)}"
        click.echo(f"{card}\n{served}")


def _export_triton(model: str, folder: Path) -> None:
    from rootml.registry import find_card, load
    from rootml.sources.triton_repository import export_triton

    located = find_card(model)
    target = export_triton(located, load(model), folder)
    click.echo(f"{target}\n--model {model} --engine triton://<host>:8001/{located.card.name}")


@click.command(short_help="Put models into one file.", no_args_is_help=True)
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.zip",
)
@click.option("--overwrite", is_flag=True, help="Replace FILE.zip.")
def pack(models: tuple[str, ...], output: Path, overwrite: bool) -> None:
    """Put each MODEL, all its files, into one FILE.zip.

    \b
    rootml models pack cnn_ams cvt_ams -o ams.zip
    rootml-tag in.root out.root --model ams.zip:cvt_ams
    """
    from rootml.registry import find_card
    from rootml.sources.cache import file_sha256
    from rootml.sources.pack import write_pack

    write_pack([find_card(model) for model in models], output, overwrite=overwrite)
    click.echo(f"{output}\nhttps://<where it is served>/{output.name}#sha256={file_sha256(output)}")
