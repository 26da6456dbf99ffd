"""URLs as users write them: their kinds, their parts, their secrets."""

from __future__ import annotations

import sys

import pytest

from rootml.errors import FileError, InputError, MissingExtra, without_secrets
from rootml.rootio.opening import open_file
from rootml.rootio.remote import inside, location, name_of, parent

SECRET = "https://me:hunter2@host/dir/in.root?authz=Bearer%20abc&sig=1"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (SECRET, "https://***@host/dir/in.root?***"),
        (f"{SECRET}: no such file", "https://***@host/dir/in.root?***: no such file"),
        (f"'{SECRET}', root://h//b.root", "'https://***@host/dir/in.root?***', root://h//b.root"),
        ("root://me@h:1094//a.root:t/u", "root://***@h:1094//a.root:t/u"),
        ("which tree? in.root", "which tree? in.root"),
        ("https://h/x.card.yaml#sha256=12ab", "https://h/x.card.yaml#sha256=12ab"),
    ],
)
def test_secrets_are_blanked(text, shown):
    assert without_secrets(text) == shown


def test_no_error_tells_a_secret():
    with pytest.raises(FileError) as caught:
        open_file(SECRET.replace("host", "127.0.0.1:1"))
    assert "hunter2" not in str(caught.value)
    assert "abc" not in str(caught.value)


def test_parts_of_urls():
    url = "root://h:1094//store/in.root?a=b/c"
    assert name_of(location(url)) == "in.root"
    assert parent(url) == "root://h:1094//store?a=b/c"
    assert inside(parent(url), "out.root") == "root://h:1094//store/out.root?a=b/c"
    assert name_of(location("dir/in.root")) == "in.root"


def test_unknown_kinds_and_what_is_not_installed(monkeypatch):
    with pytest.raises(FileError, match=r"Protocol not known: rootx; did you mean 'root'"):
        open_file("rootx://h//a.root")
    for scheme, module, extra in [
        ("root", "fsspec_xrootd", "xrootd"),
        ("https", "fsspec.implementations.http", "http"),
    ]:
        monkeypatch.setitem(sys.modules, module, None)
        monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, scheme, raising=False)
        with pytest.raises(MissingExtra, match=rf'pip install "rootml\[{extra}\]"'):
            open_file(f"{scheme}://h//a.root")


@pytest.mark.parametrize("seconds", ["0", "soon", "-3", "nan", "inf"])
def test_a_timeout_that_makes_no_sense(seconds, monkeypatch):
    monkeypatch.setenv("ROOTML_REMOTE_TIMEOUT", seconds)
    with pytest.raises(InputError, match="expected seconds, 1 or more"):
        open_file("root://h//a.root")
