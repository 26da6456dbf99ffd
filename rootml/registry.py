"""Names -> models, adapters, recipes: where they come from, and whether they are what they claim.

A model is a card, ``<name>.card.yaml``, and its network. It is asked for by name (``cvt_ams``, or
``cvt_ams@1.2``: a version), by path, by address or out of a pack: :mod:`rootml.sources`. No place
has precedence: two different cards of one name and version are an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from packaging.version import Version

from rootml.adapter import Adapter, Layout
from rootml.card import SUFFIX, ModelCard
from rootml.errors import CardError, MissingNetwork, NetworkError, RegistryError, nearest
from rootml.plugins import adapter_of, get_adapter, get_recipe, list_adapters, list_recipes
from rootml.runtime.engine import Engine
from rootml.runtime.engines import open_engine, open_server
from rootml.runtime.model import Model
from rootml.runtime.servers import is_server, parse_server
from rootml.runtime.signature import check_card
from rootml.sources.cards import LocatedCard, card_at, parse_card, read_card
from rootml.sources.download import CARD_LIMIT, NETWORK_LIMIT, Report, fetch
from rootml.sources.networks import fetchable, find_network
from rootml.sources.pack import read_pack
from rootml.sources.places import Place, card_files, places, user_folder
from rootml.sources.references import File, Named, Pack, Web, parse

__all__ = [
    "LocatedCard",
    "ModelEntry",
    "default_model",
    "find_card",
    "find_network",
    "get_adapter",
    "get_recipe",
    "list_adapters",
    "list_models",
    "list_recipes",
    "load",
    "user_folder",
]


@dataclass(frozen=True)
class ModelEntry:
    """A line of the list of models; ``problem`` says why the model cannot be loaded, if so.

    ``path`` and ``card`` are None where there is no card, or none that can be read. ``network`` is
    None where the file is not on this machine, which is a problem unless it can be fetched;
    ``absent``: it is all that the model lacks.
    """

    name: str
    origin: str
    path: Path | None = None
    card: ModelCard | None = None
    network: Path | None = None
    problem: str = ""
    absent: bool = False


def load(
    model: str | Path,
    *,
    threads: int | None = None,
    device: str = "cpu",
    engine: str | None = None,
) -> Model:
    """The model that ``model`` names, ready to run.

    ``model``: a name, ``name@version``, the path of a card, of a network with its card beside it or
    of a pack, or an address with a sha256 (:mod:`rootml.sources.references`). ``threads``: None
    takes the card's, else one for small networks and all available cores for the others.
    ``device``: ``"cpu"`` or ``"cuda"``. ``engine``: what runs the network; None takes the card's,
    else the usual one of its format; the address of a server (:mod:`rootml.runtime.servers`) has
    it run there. Raises RegistryError (CardError, IntegrityError, MissingNetwork among them),
    NetworkError (ServerAway), or MissingExtra where the engine is not installed.
    """
    located = find_card(model)
    card = located.card
    adapter = adapter_of(card, str(located.path))
    check_card(card, adapter)
    opened = _open(located, threads, device, engine)
    return Model(card, adapter, opened, located.origin, located.sha256)


def _open(located: LocatedCard, threads: int | None, device: str, engine: str | None) -> Engine:
    """What runs a card's network: an engine here, or a server, which needs no file here."""

    def here(engine: str | None) -> Engine:
        network = find_network(located)
        return open_engine(located.card, network, threads=threads, device=device, engine=engine)

    if engine is None or not is_server(engine):
        return here(engine)
    server = parse_server(engine)
    if server.fallback:
        return open_server(located.card, server, here(None))
    if device != "cpu":
        raise NetworkError(f"{server}: what it runs on is the server's to say, not device={device}")
    return open_server(located.card, server)


def find_card(model: str | Path, *, report: Report | None = None) -> LocatedCard:
    """The card that ``model`` refers to (see :func:`load`); looks for no network.

    ``report`` is told of the bytes of a card or pack that has to be fetched.
    """
    match parse(model):
        case Named() as named:
            return _find_named(named)
        case File(path):
            return card_at(path)
        case Pack(path, member):
            return read_pack(path, member, f"pack {path.name}", str(path))
        case Web() as web:
            return _fetched(web, report)


def list_models() -> list[ModelEntry]:
    """Every model that can be asked for by name, and every one that cannot be loaded, and why.

    Sorted by name, and each name's versions from low to high. Connects to nothing.
    """
    everywhere = places()
    entries = [ModelEntry(p.name, p.origin, problem=p.problem) for p in everywhere if p.problem]
    cards = []
    for path, origin in _card_files(everywhere):
        try:
            cards.append(_read_named(path, origin))
        except CardError as error:
            name = path.name.removesuffix(SUFFIX)
            entries.append(ModelEntry(name, origin, path, problem=str(error)))
    for claims in _by_model(cards):
        conflict = _conflict(claims)
        entries += [_entry(located, conflict) for located in (claims if conflict else claims[:1])]
    return sorted(entries, key=lambda entry: entry.name)


def default_model(adapter: Adapter, layout: Layout, where: str) -> str:
    """The network that judges events of this layout where none is named; ``where``: their file.

    Raises MissingNetwork, which names those that can, where the experiment has no such network.
    """
    if default := adapter.default_of(layout):
        return default
    its = [
        entry.name
        for entry in list_models()
        if entry.card and entry.card.adapter == adapter.name
        if (view := adapter.views.get(entry.card.view)) and layout.columns.keys() >= {*view.columns}
    ]
    known = f"one of {', '.join(dict.fromkeys(its))}, or your own" if its else "your own"
    raise MissingNetwork(
        f"{where}: {adapter.title} (adapter {adapter.name!r}) has no default network for its "
        f"layout {layout.name!r}; name {known}: --model NAME on the command line, model= in Python"
    )


def _find_named(wanted: Named) -> LocatedCard:
    everywhere = places()
    cards, problems = [], [place.problem for place in everywhere if place.problem]
    for path, origin in _card_files(everywhere, wanted.name):
        try:
            cards.append(_read_named(path, origin))
        except CardError as error:
            if wanted.version is None:
                raise
            problems.append(str(error))
    models = _by_model(cards)
    if wanted.version is not None:
        models = [claims for claims in models if _version(claims[0]) == wanted.version]
    if not models:
        raise RegistryError("\n  ".join([_unknown(wanted, cards, everywhere), *problems]))
    if conflict := _conflict(models[-1]):
        raise RegistryError(conflict)
    return models[-1][0]


def _fetched(web: Web, report: Report | None) -> LocatedCard:
    limit = NETWORK_LIMIT if web.packed else CARD_LIMIT
    path = fetch(web.url, web.sha256, limit=limit, report=report)
    if web.packed:
        return read_pack(path, web.member, web.text, web.text)
    return parse_card(path.read_bytes(), path, web.text, url=web.url)


def _card_files(everywhere: Iterable[Place], name: str = "*") -> list[tuple[Path, str]]:
    """The places' cards of this name and who offers them; one that is reached twice counts once."""
    found: dict[Path, tuple[Path, str]] = {}
    for place in everywhere:
        for path in card_files(place.folder, name) if place.folder else ():
            found.setdefault(path.resolve(), (path, place.origin))
    return list(found.values())


def _read_named(path: Path, origin: str) -> LocatedCard:
    located = read_card(path, origin)
    if path.name != located.card.name + SUFFIX:
        raise CardError(
            f"{path}: the card names its model {located.card.name!r}; the file should be called "
            f"{located.card.name}{SUFFIX}"
        )
    return located


def _by_model(cards: Iterable[LocatedCard]) -> list[list[LocatedCard]]:
    """Cards of the same name and version together; sorted by name, then version."""

    def key(located: LocatedCard) -> tuple[str, Version]:
        return located.card.name, _version(located)

    return [list(claims) for _, claims in groupby(sorted(cards, key=key), key)]


def _version(located: LocatedCard) -> Version:
    return Version(located.card.version)


def _entry(located: LocatedCard, conflict: str) -> ModelEntry:
    network, problem = None, conflict
    try:
        network = find_network(located, online=False)
    except MissingNetwork as error:
        if not fetchable(located):
            problem = conflict or str(error)
    return ModelEntry(
        located.card.name,
        located.origin,
        located.path,
        located.card,
        network,
        problem,
        absent=network is None and not conflict,
    )


def _unknown(wanted: Named, cards: Sequence[LocatedCard], everywhere: Sequence[Place]) -> str:
    if cards:
        have = ", ".join(claims[0].card.version for claims in _by_model(cards))
        return f"model {wanted.name!r} has no version {wanted.version} (installed: {have})"
    known = sorted({path.name.removesuffix(SUFFIX) for path, _ in _card_files(everywhere)})
    have = ", ".join(known) or "none"
    return f"no model is called {wanted.name!r}{nearest(wanted.name, known)} (installed: {have})"


def _conflict(claims: Sequence[LocatedCard]) -> str:
    """What is wrong with these cards of one name and version; copies of one card are sound."""
    if all(located.card == claims[0].card for located in claims):
        return ""
    origins = " and by ".join(f"{located.origin}: {located.path}" for located in claims)
    name = claims[0].full_name
    return f"model {name!r} is claimed by {origins}; remove one, or give it another version"
