"""Files of web servers: read in parts, never written."""

from __future__ import annotations

import numpy as np
import pytest
import uproot

from rootml.errors import FileError, OutputError
from rootml.rootio import append_branches
from rootml.rootio.opening import open_file


def test_reads_and_appends_a_copy(serve_http, sample, column, tmp_path):
    url = serve_http()
    append_branches(url, tmp_path / "out.root", "t", column, compare=True)
    with open_file(url) as remote, uproot.open(tmp_path / "out.root") as file:
        assert np.array_equal(remote["t/x"].array(), file["t/x"].array())
        assert np.array_equal(file["t/score"].array(library="np"), column["score"])


def test_encrypted_with_a_certificate_that_is_trusted(serve_http, certificate, python):
    url = serve_http(certificate=certificate)
    code = (
        f"from rootml.rootio.opening import open_file; print(open_file({url!r})['t'].num_entries)"
    )
    assert python(code, SSL_CERT_FILE=str(certificate)).stdout.strip() == "3000"
    refused = python("from rootml.cli import main; main()", "tag", url, "out.root")
    assert refused.returncode == 2
    assert "certificate verify failed" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_what_cannot_be_read_is_said(serve_http):
    for url, words in {
        serve_http() + "x": r"sample\.rootx: cannot be read: no such file",
        serve_http(forbidden=True): r"cannot be read: HTTP 403 Forbidden",
        serve_http(whole=True): r"the server gives whole files alone \(no Range\)",
        serve_http(circle=True): r"sample\.root: cannot be read: TooManyRedirects",
        "http://127.0.0.1:1/in.root": r"cannot be read: Cannot connect to host 127\.0\.0\.1:1",
    }.items():
        with pytest.raises(FileError, match=words):
            open_file(url)


def test_a_file_that_has_moved_is_followed(serve_http):
    assert open_file(serve_http(moved=True))["t"].num_entries == 3000


def test_a_server_that_keeps_silent(serve_http, python):
    code = "from rootml.cli import main; main()"
    done = python(code, "inspect", serve_http(silent=True), ROOTML_REMOTE_TIMEOUT="1")
    assert done.returncode == 2
    assert "the server did not answer in time" in done.stderr


def test_a_connection_that_breaks_gives_no_short_file(serve_http, column, tmp_path):
    with pytest.raises(FileError, match=r"tree 't' of http://\S+: cannot be copied: "):
        append_branches(serve_http(breaking=True), tmp_path / "out.root", "t", column)
    assert not list(tmp_path.iterdir())


def test_is_not_written(serve_http, sample, column):
    url = serve_http().replace("sample", "out")
    with pytest.raises(OutputError, match=r"http:// is read, not written; outputs go to root://"):
        append_branches(sample, url, "t", column)
