"""What an append does to the bytes of an RNTuple: what it keeps, and what it refuses."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot

from rootml.errors import AppendRefused, DataError
from rootml.rootio import append_branches
from rootml.rootio.container.compression import compressor, decompress
from rootml.rootio.container.directory import KeyList
from rootml.rootio.container.root_file import RootFile
from rootml.rootio.rntuple.envelopes import Anchor, Footer, Header
from rootml.rootio.rntuple.frames import FOOTER, HEADER, PAGE_LIST, FrameList, record, seal, unseal
from rootml.rootio.rntuple.page_lists import PageList, PageRange
from rootml.rootio.rntuple.pages import Blobs
from rootml.rootio.rntuple.view import NTupleView
from rootml.spec import Column

CLUSTERS = [4, 1, 5]
Y = {"y": np.arange(10.0)}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Ten entries in three clusters: ``x`` (float32), ``hits`` (jagged), ``name`` (texts)."""
    return write_source(tmp_path / "source.root", CLUSTERS)


def write_source(path: Path, clusters: list[int], compression: Any = None) -> Path:
    rng = np.random.default_rng(len(clusters))
    with uproot.recreate(path, compression=compression or uproot.ZLIB(1)) as file:
        made = file.mkrntuple("events", {"x": "f4", "hits": "var * int32", "name": "string"})
        for entries in clusters:
            counts = rng.integers(0, 4, entries)
            parts = {
                "x": rng.normal(size=entries).astype(np.float32),
                "hits": ak.unflatten(rng.integers(0, 9, counts.sum()).astype(np.int32), counts),
                "name": ak.Array([f"no. {i}" for i in range(entries)]),
            }
            made.extend(ak.zip(parts, depth_limit=1))
    return path


def change(path: Path, edit: Callable[[NTupleView, Blobs], Anchor | bytes]) -> None:
    """Write the anchor of ``path`` anew, with what ``edit`` makes of it."""
    with RootFile(path) as file:
        keys = KeyList.of_path(file, "")
        key = keys.newest("events")
        anchor = edit(NTupleView(file, key), Blobs(file, 0, compressor(0), 1 << 30))
        content = anchor if isinstance(anchor, bytes) else anchor.pack()
        keys.replace(key, file.append_object(key, content, len(content)))
        keys.write()
        file.finish()


def with_footer(payload: Callable[[Footer], bytes]) -> Callable[[NTupleView, Blobs], Anchor]:
    """Return the edit that puts another footer."""

    def edit(view: NTupleView, blobs: Blobs) -> Anchor:
        link = blobs.append_envelope(seal(FOOTER, payload(view.footer)))
        return replace(view.anchor, footer=link)

    return edit


def with_page_lists(
    payload: Callable[[PageList], bytes],
) -> Callable[[NTupleView, Blobs], Anchor]:
    """Return the edit that puts other page lists."""

    def edit(view: NTupleView, blobs: Blobs) -> Anchor:
        groups = tuple(
            replace(g, link=blobs.append_envelope(seal(PAGE_LIST, payload(view.page_list(g)))))
            for g in view.groups
        )
        return with_footer(lambda footer: replace(footer, groups=groups).pack())(view, blobs)

    return edit


def facts(path: Path) -> tuple[Header, Footer, list[PageList]]:
    with RootFile(path, writable=False) as file:
        view = NTupleView(file, KeyList.of_path(file, "").newest("events"))
        return view.header, view.footer, [view.page_list(group) for group in view.groups]


def test_the_same_bytes_are_packed_that_were_parsed(sample: Callable[[str], Path]) -> None:
    path = sample("atlas/uproot-physlite-rntuple_v1-0-0-0.root")
    with RootFile(path, writable=False) as file:
        for name in ("EventData", "EventTag"):
            key = KeyList.of_path(file, "").newest(name)
            content = file.read(key.seek + key.keylen, key.stored)
            anchor = Anchor.parse(content)
            assert anchor.pack() == content
            for kind, part, link in (
                (HEADER, Header, anchor.header),
                (FOOTER, Footer, anchor.footer),
                *((PAGE_LIST, PageList, g.link) for g in NTupleView(file, key).groups),
            ):
                payload = unseal(kind, decompress(file.read(link.seek, link.nbytes), link.length))
                assert part.parse(payload).pack() == payload
                assert unseal(kind, seal(kind, payload)) == payload


def test_pages_and_metadata_stay(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "target.root"
    append_branches(source, target, "events", Y)
    with RootFile(source, writable=False) as file:
        view = NTupleView(file, KeyList.of_path(file, "").newest("events"))
        lists = [view.page_list(group) for group in view.groups]
    links = [view.anchor.header, view.anchor.footer, *(group.link for group in view.groups)]
    frames = [f for pages in lists for c in pages.clusters for f in c.columns.items]
    pages = [page for frame in frames for page in PageRange.parse(frame).pages]
    assert len(pages) > len(frames) // 2
    old, new = source.read_bytes(), target.read_bytes()
    for place in (*links, *pages):
        part = slice(place.seek, place.seek + place.nbytes)
        assert old[part] == new[part]


def test_a_compressed_anchor_and_an_older_cycle(source: Path, tmp_path: Path) -> None:
    """The newest cycle is extended; the older one shares its pages and still reads."""
    with RootFile(source) as file:
        keys = KeyList.of_path(file, "")
        key = keys.newest("events")
        content = file.read(key.seek + key.keylen, key.stored)
        stored = compressor(101)(content)
        assert len(stored) < len(content)
        keys.add(key.class_name, "events", key.title, content)
        newest = keys.newest("events")
        keys.replace(newest, file.append_object(newest, stored, len(content)))
        keys.write()
        file.finish()
    target = tmp_path / "target.root"
    append_branches(source, target, "events", Y)
    with uproot.open(target) as new, uproot.open(source) as old:
        assert new["events;1"].keys() == old["events;1"].keys()
        assert new["events;2"].keys() == [*old["events;2"].keys(), "y"]
        for cycle in (1, 2):
            assert (
                new[f"events;{cycle}"]["hits"].array().tolist()
                == old["events"]["hits"].array().tolist()
            )
        assert new["events"]["y"].array().tolist() == Y["y"].tolist()


def test_what_a_newer_format_adds_is_kept(source: Path, tmp_path: Path) -> None:
    def more(footer: Footer) -> bytes:
        return replace(
            footer,
            extension=replace(footer.extension, tail=b"schema"),
            groups=tuple(replace(group, tail=b"group") for group in footer.groups),
            groups_tail=b"groups",
            tail=b"footer",
        ).pack()

    def more_pages(pages: PageList) -> bytes:
        clusters = tuple(replace(c, columns=replace(c.columns, tail=b"c")) for c in pages.clusters)
        return replace(pages, clusters=clusters, clusters_tail=b"clusters", tail=b"pages").pack()

    change(source, with_page_lists(more_pages))
    change(source, with_footer(more))
    change(source, lambda view, blobs: replace(view.anchor, tail=b"anchor!!"))
    target = tmp_path / "target.root"
    append_branches(source, target, "events", Y, verify=False)
    _, footer, lists = facts(target)
    assert (footer.extension.tail, footer.groups_tail, footer.tail) == (
        b"schema",
        b"groups",
        b"footer",
    )
    for group, pages in zip(footer.groups, lists, strict=True):
        assert (group.tail, pages.tail, pages.clusters_tail) == (b"group", b"pages", b"clusters")
        assert {cluster.columns.tail for cluster in pages.clusters} == {b"c"}
    with RootFile(target, writable=False) as file:
        anchor = NTupleView(file, KeyList.of_path(file, "").newest("events")).anchor
    assert anchor.tail == b"anchor!!"


def late_representation(footer: Footer) -> bytes:
    """Add a second representation (Real16) of ``x``, deferred and suppressed in all clusters."""
    frame = struct.pack("<qHHIHHq", 28, 0x0B, 16, 0, 0x01, 1, -10)
    return replace(footer, extension=footer.extension.plus((), (frame,))).pack()


def test_late_columns_are_passed_over(source: Path, tmp_path: Path, root: Any) -> None:
    """Columns younger than the clusters get no pages, in each the way their kind asks for."""
    change(source, with_footer(late_representation))
    target = tmp_path / "target.root"
    append_branches(source, target, "events", Y)
    _, _, lists = facts(target)
    for pages in lists:
        for cluster in pages.clusters:
            late, new = map(PageRange.parse, cluster.columns.items[-2:])
            assert (late.pages, late.offset, late.setting) == ((), -(2**63), None)
            assert (new.offset, new.setting) == (cluster.first, 101)
    found = root.ntuple(path=target, name="events", columns=["x", "y"])
    with uproot.open(source) as file:
        assert found["sums"]["x"] == pytest.approx(float(ak.sum(file["events"]["x"].array())))
    assert found["sums"]["y"] == 45


def test_clusters_out_of_order(source: Path, tmp_path: Path) -> None:
    def backwards(pages: PageList) -> bytes:
        summaries = replace(pages.summaries, items=pages.summaries.items[::-1])
        return replace(pages, summaries=summaries, clusters=pages.clusters[::-1]).pack()

    def one_group(view: NTupleView, blobs: Blobs) -> Anchor:
        lists = [view.page_list(group) for group in view.groups]
        clusters = tuple(cluster for pages in lists for cluster in pages.clusters)
        items = tuple(item for pages in lists for item in pages.summaries.items)
        pages = replace(lists[0], summaries=FrameList(items), clusters=clusters)
        link = blobs.append_envelope(seal(PAGE_LIST, backwards(pages)))
        group = replace(view.groups[0], entries=10, clusters=len(clusters), link=link)
        return with_footer(lambda footer: replace(footer, groups=(group,)).pack())(view, blobs)

    change(source, one_group)
    target = tmp_path / "target.root"
    append_branches(source, target, "events", Y, compression="none")
    with RootFile(target, writable=False) as file:
        found = {}
        for cluster in facts(target)[2][0].clusters:
            pages = PageRange.parse(cluster.columns.items[-1])
            assert pages.offset == cluster.first
            data = b"".join(file.read(page.seek, page.nbytes) for page in pages.pages)
            found[cluster.first] = np.frombuffer(data, "<f8").tolist()
    assert [found[first] for first in sorted(found)] == [[0, 1, 2, 3], [4], [5, 6, 7, 8, 9]]


def put(change_it: Callable[[NTupleView, Blobs], Anchor | bytes], source: Path) -> Path:
    """Return a copy of ``source`` with a changed RNTuple."""
    path = source.with_name("changed.root")
    path.write_bytes(source.read_bytes())
    change(path, change_it)
    return path


def refused(words: str, source: Path, columns: dict[str, Any] = Y, **options: Any) -> None:
    """An append fails before anything is written, with ``words`` in the message."""
    before = sorted(source.parent.iterdir())
    with pytest.raises((AppendRefused, DataError), match=words):
        append_branches(source, source.with_name("target.root"), "events", columns, **options)
    assert sorted(source.parent.iterdir()) == before


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_damage(source: Path) -> None:
    """Each envelope with one bit wrong; links that lead elsewhere, or out of the file."""
    for number in (10, 40, -1):
        wrong = put(lambda view, _, n=number: flip(view.anchor.pack(), n), source)
        refused("anchor is damaged", wrong)
    names = ("header", "footer")
    for name, other in (names, names[::-1]):
        link = lambda view: getattr(view.anchor, name)  # noqa: B023, E731
        far = put(lambda v, _: replace(v.anchor, **{name: replace(link(v), seek=1 << 40)}), source)  # noqa: B023
        refused("beyond the end of the file", far)
        huge = put(
            lambda v, _: replace(v.anchor, **{name: replace(link(v), nbytes=1 << 60)}),  # noqa: B023
            source,
        )
        refused("beyond the end of the file", huge)
        swap = put(lambda v, _: replace(v.anchor, **{name: getattr(v.anchor, other)}), source)  # noqa: B023
        refused("is something else", swap)


def test_damaged_envelopes(source: Path) -> None:
    def broken(view: NTupleView, blobs: Blobs) -> Anchor:
        envelope = seal(FOOTER, view.footer.pack())
        return replace(view.anchor, footer=blobs.append_envelope(flip(envelope, 30)))

    refused("footer is damaged", put(broken, source))

    def short(view: NTupleView, blobs: Blobs) -> Anchor:
        payload = view.footer.pack()
        link = blobs.append_envelope(seal(FOOTER, payload[: len(payload) // 2]))
        return replace(view.anchor, footer=link)

    refused("end too early", put(short, source))
    other = with_footer(lambda footer: replace(footer, header_checksum=b"12345678").pack())
    refused("footer belongs to another header", put(other, source))
    other = with_page_lists(lambda pages: replace(pages, header_checksum=b"12345678").pack())
    refused("page list of it belongs to another header", put(other, source))
    fewer = with_footer(lambda footer: replace(footer, groups=footer.groups[1:]).pack())
    refused("clusters do not follow", put(fewer, source))
    none = with_page_lists(lambda p: replace(p, clusters=(), summaries=FrameList()).pack())
    refused("clusters are missing", put(none, source))

    def without_column(pages: PageList) -> bytes:
        return replace(
            pages,
            clusters=tuple(
                replace(c, columns=replace(c.columns, items=c.columns.items[1:]))
                for c in pages.clusters
            ),
        ).pack()

    refused("columns are missing", put(with_page_lists(without_column), source))


def test_formats_that_are_not_known(source: Path) -> None:
    flags = struct.pack("<Q", 1)
    refused("features", put(with_footer(lambda footer: flags + footer.pack()[8:]), source))

    def flagged(view: NTupleView, blobs: Blobs) -> Anchor:
        header = seal(HEADER, flags + view.header.pack()[8:])
        return replace(view.anchor, header=blobs.append_envelope(header))

    refused("features of RNTuple that are unknown", put(flagged, source))

    def sharded(pages: PageList) -> bytes:
        item = bytearray(pages.summaries.items[0])
        item[-1] |= 1
        summaries = FrameList((bytes(item), *pages.summaries.items[1:]))
        return replace(pages, summaries=summaries).pack()

    refused("clusters are sharded", put(with_page_lists(sharded), source))

    def large(footer: Footer) -> bytes:
        group = footer.groups[0]
        link = replace(group.link, nbytes=-(20 | 1 << 24))
        groups = (replace(group, link=link), *footer.groups[1:])
        return replace(footer, groups=groups).pack()

    refused("locator of an unknown kind", put(with_footer(large), source))
    old = put(lambda view, _: replace(view.anchor, version=(0, 3, 0, 0)), source)
    refused("before the format of RNTuple was settled", old)
    with RootFile(source) as file:
        keys = KeyList.of_path(file, "")
        key = keys.newest("events")
        content = file.read(key.seek + key.keylen, key.stored)
        keys.add(b"ROOT::Experimental::RNTuple", "events", b"", content)
        keys.write()
        file.finish()
    refused("it is a ROOT::Experimental::RNTuple", source)


def test_names_and_replacing(source: Path) -> None:
    refused("it has a field 'hits' already", source, {"hits": Y["y"]})
    for name in ("a.b", "a/b", "a b", "a\\b", "a\n", ""):
        refused(
            "cannot be the name of a field", source, {name: Y["y"]}, specs=[Column(name, "float64")]
        )
    append_branches(source, source.with_name("odd.root"), "events", {"Aux:ö-1": Y["y"]})


def test_replacing(source: Path, tmp_path: Path, root: Any) -> None:
    """The field gets new pages, in the encoding it has; nothing else changes."""
    target = tmp_path / "target.root"
    values = {
        "x": np.arange(10, dtype=np.float32),
        "hits": ak.Array([[i] * (i % 3) for i in range(10)]),
        "name": [f"new {i}" for i in range(10)],
    }
    specs = [Column("x"), Column("hits", "int32", per="hits"), Column("name", "str")]
    append_branches(source, target, "events", {"x": values["x"]}, specs[:1], replace=["x"])
    with uproot.open(source) as old, uproot.open(target) as new:
        assert new["events"]["x"].array().tolist() == values["x"].tolist()
        for name in ("hits", "name"):
            assert new["events"][name].array().tolist() == old["events"][name].array().tolist()
    last = tmp_path / "last.root"
    replace_all = {"specs": [*specs, Column("y", "float64")], "replace": list(values)}
    append_branches(target, last, "events", {**values, **Y}, compression="none", **replace_all)
    with uproot.open(last) as file:
        assert file["events"].keys(recursive=False) == ["x", "hits", "name", "y"]
        for name, expected in {**values, **Y}.items():
            assert file["events"][name].array().tolist() == ak.Array(expected).tolist()
    found = root.ntuple(path=last, name="events", columns=["x", "hits", "y"])
    assert found["sums"] == {"x": 45, "hits": float(ak.sum(values["hits"])), "y": 45}
    assert [entry["name"] for entry in found["shown"]] == values["name"]


def test_replacing_what_is_stored_otherwise(source: Path) -> None:
    refused("only be replaced by values of its type, float", source, {"x": Y["y"]}, replace=["x"])
    refused("cannot be taken out", source, replace=["x"])
    refused(
        "no field 'hit' to replace; did you mean 'hits'", source, {"hit": Y["y"]}, replace=["hit"]
    )
    several = put(with_footer(late_representation), source)
    x = {"x": Y["y"].astype("f4")}
    refused("stored in several ways", several, x, replace=["x"])

    def projected(footer: Footer) -> bytes:
        text = b"".join(struct.pack("<I", len(t)) + t for t in (b"same", b"float", b"", b""))
        head = struct.pack("<IIIHH", 0, 0, 4, 0, 0x02)
        field = record(head + text + struct.pack("<I", 0))
        extension = footer.extension.plus((field,), ())
        aliases = extension.aliases.plus((record(struct.pack("<II", 0, 4)),))
        return replace(footer, extension=replace(extension, aliases=aliases)).pack()

    refused("others are projections", put(with_footer(projected), source), x, replace=["x"])


@pytest.mark.parametrize(
    ("module", "name", "wrong", "words"),
    [
        ("append", "extended", lambda schema, places: schema, "columns are missing"),
        ("append", "empty_range", lambda setting: b"", "its metadata"),
        ("pages", "checksum", lambda data: b"12345678", "its pages"),
        ("page_lists", "list_frame", lambda count, payload: b"", "its metadata"),
    ],
)
def test_the_proof_notices(
    module: str,
    name: str,
    wrong: Callable[..., Any],
    words: str,
    source: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A mistake of the writer's own keeps the file from appearing."""
    change(source, with_footer(late_representation))
    monkeypatch.setattr(f"rootml.rootio.rntuple.{module}.{name}", wrong)
    refused(words, source)


def test_numbers_of_events(source: Path) -> None:
    refused("9 events, but the RNTuple has 10", source, {"y": np.zeros(9)})
    refused("11 events", source, {"y": np.zeros(11)})
