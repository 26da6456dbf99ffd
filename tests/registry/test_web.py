"""Models from servers: what is fetched, kept, and refused."""

from __future__ import annotations

import base64
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rootml.errors import CardError, IntegrityError, MissingNetwork, OutputError, RegistryError
from rootml.registry import find_card, find_network, list_models, load
from rootml.sources import download

pytestmark = pytest.mark.usefixtures("toylab", "own_places")


@pytest.fixture
def site(serve, write_model, tmp_path):
    """A server with the toy under ``models``, and nothing of it elsewhere."""
    write_model(tmp_path / "www/models", doc="from afar")
    return serve(tmp_path / "www")


@pytest.fixture
def certificate(tmp_path, monkeypatch):
    """A certificate of this machine, which the client trusts."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes the certificate, is not installed")
    file = tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    subprocess.run(
        [*command, "-keyout", file, "-out", tmp_path / "public.pem"],
        check=True,
        capture_output=True,
    )
    public = tmp_path / "public.pem"
    file.write_text(file.read_text() + public.read_text())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(public))
    return file


def kept(cache):
    """Everything in the cache, half-written files too."""
    return sorted(path.name for path in cache.iterdir()) if cache.exists() else []


def test_model_of_an_address(site, cache, monkeypatch):
    reference = site.reference("models/toy.card.yaml")
    model = load(reference)
    assert model({"cells": np.ones((2, 6), "f4")})["score"].shape == (2,)
    assert model.origin == f"{site.url}/models/toy.card.yaml"
    assert site.requests == ["/models/toy.card.yaml", "/models/toy.onnx"]
    assert kept(cache) == sorted([reference[-64:], model.card.network.sha256])
    monkeypatch.setenv("ROOTML_OFFLINE", "1")
    assert load(reference).card == model.card
    assert len(site.requests) == 2


def test_progress_counts_bytes(site, cache, monkeypatch):
    size = len((site.folder / "models/toy.card.yaml").read_bytes())
    monkeypatch.setattr(download, "_BLOCK", 100)
    told = []
    find_card(site.reference("models/toy.card.yaml"), report=lambda *now: told.append(now))
    assert told == [(min(done, size), size) for done in range(100, size + 100, 100)]


def test_a_query_is_sent_and_told_to_nobody(site, cache):
    card, sha256 = site.reference("models/toy.card.yaml").split("#")
    model = load(f"{card}?signature=secret#{sha256}")
    assert site.requests[0] == "/models/toy.card.yaml?signature=secret"
    assert "secret" not in model.origin


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("https://host/toy.card.yaml", r"needs its sha256: https://host/toy\.card\.yaml#sha256="),
        ("https://host/toy.card.yaml#sha256=12ab", "needs its sha256"),
        ("https://host/toy.onnx#sha256=" + "0" * 64, "expected the address of a card"),
        ("https://[::1/toy.card.yaml#sha256=" + "0" * 64, "not an address"),
        ("ftp://me:secret@host/toy.card.yaml#sha256=" + "0" * 64, r"~/\.netrc"),
        ("ftp://host/toy.card.yaml#sha256=" + "0" * 64, "fetched from https://"),
        ("file:///etc/toy.card.yaml#sha256=" + "0" * 64, "fetched from https://"),
        ("https://me:secret@host/toy.card.yaml#sha256=" + "0" * 64, r"~/\.netrc"),
        ("hf://toy.card.yaml#sha256=" + "0" * 64, "expected hf://organisation/repository"),
        ("https://host/a.zip:to y#sha256=" + "0" * 64, "expected the name of a model"),
    ],
)
def test_address_that_cannot_be_used(reference, message):
    with pytest.raises(RegistryError, match=message) as caught:
        find_card(reference)
    assert "secret" not in str(caught.value)


def reference_of(site, way, path="models/toy.card.yaml"):
    return f"{site.url}/{way}/" + site.reference(path).removeprefix(site.url + "/")


@pytest.mark.parametrize(
    ("way", "message"),
    [
        ("status/404", "cannot be fetched: the server answers 404 Not Found"),
        ("status/503", "the server answers 503"),
        ("silent", r"the server was silent for 0\.2 s"),
        ("truncated", "the connection ended before the file was whole"),
        ("to/ftp:/", "No connection adapters"),
        ("loop", "leads from address to address without end"),
        ("length/100000", "the connection ended before the file was whole"),
        ("length/many", "cannot be fetched: invalid literal"),
        ("length/5", "not the file that was asked for"),
    ],
)
def test_server_that_fails(site, cache, monkeypatch, way, message):
    monkeypatch.setattr(download, "TIMEOUT", (0.2, 0.2))
    with pytest.raises(RegistryError, match=message):
        load(reference_of(site, way))
    assert kept(cache) == []


def test_server_that_is_not_there(cache, own_places):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/toy.card.yaml"
        with pytest.raises(RegistryError, match="the server cannot be reached"):
            load(f"{url}#sha256={'0' * 64}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name: another", "not the file that was asked for\n"),
        (b"<!DOCTYPE html><title>Log in</title>", "but an HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "but a Git LFS pointer"),
        (b"", "but an empty file"),
    ],
)
def test_another_file_comes(site, cache, content, message):
    reference = site.reference("models/toy.card.yaml")
    (site.folder / "models/toy.card.yaml").write_bytes(content)
    with pytest.raises(IntegrityError, match=message) as caught:
        load(reference)
    assert f"sha256 expected: {reference[-64:]}" in str(caught.value)
    assert kept(cache) == []


def test_another_network_comes(site, cache):
    reference = site.reference("models/toy.card.yaml")
    (site.folder / "models/toy.onnx").write_bytes(b"swapped")
    with pytest.raises(IntegrityError, match=r"toy\.onnx: not the file that was asked for"):
        load(reference)
    assert kept(cache) == [reference[-64:]]


def test_a_file_that_is_too_large(site, cache, monkeypatch):
    monkeypatch.setattr("rootml.registry.CARD_LIMIT", 100)
    with pytest.raises(RegistryError, match="is larger than the 100 bytes allowed"):
        load(site.reference("models/toy.card.yaml"))
    assert kept(cache) == []


@pytest.mark.parametrize("variable", ["ROOTML_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_nothing_is_asked_for(site, cache, monkeypatch, variable):
    monkeypatch.setenv(variable, "1")
    with pytest.raises(RegistryError, match=rf"{variable}=1 forbids .* `rootml models pull`"):
        load(site.reference("models/toy.card.yaml"))
    assert site.requests == []


def test_redirection(site, cache, serve, certificate, tmp_path):
    encrypted = serve(tmp_path / "www", certificate)
    assert load(encrypted.reference("models/toy.card.yaml")).card.name == "toy"
    way, fragment = site.reference("models/toy.card.yaml").split("#")
    shutil.rmtree(cache)
    assert find_card(f"{site.url}/to/{way}#{fragment}").card.name == "toy"
    shutil.rmtree(cache)
    with pytest.raises(RegistryError, match="leads from https:// to an unencrypted address"):
        find_card(f"{encrypted.url}/to/{way}#{fragment}")
    assert site.requests[-1] == "/models/toy.card.yaml"
    assert kept(cache) == []


def test_untrusted_certificate(serve, site, cache, certificate, monkeypatch, tmp_path):
    encrypted = serve(tmp_path / "www", certificate)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(RegistryError, match="certificate cannot be trusted"):
        load(encrypted.reference("models/toy.card.yaml"))


@pytest.fixture
def hub(serve, certificate, write_model, tmp_path, monkeypatch):
    """What stands for the Hugging Face Hub: a server with the paths of its addresses."""
    server = serve(tmp_path / "hub", certificate)
    write_model(server.folder / "lab/toys/resolve/v1.0/deep")
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    return server


def hub_reference(hub):
    sha256 = hub.reference("lab/toys/resolve/v1.0/deep/toy.card.yaml").partition("#")[2]
    return f"hf://lab/toys@v1.0/deep/toy.card.yaml#{sha256}"


def test_model_of_the_hub(hub, cache):
    model = load(hub_reference(hub))
    folder = "/lab/toys/resolve/v1.0/deep"
    assert hub.requests == [f"{folder}/toy.card.yaml", f"{folder}/toy.onnx"]
    assert hub.tokens == ["Bearer hf_secret"] * 2
    assert model.origin == "hf://lab/toys@v1.0/deep/toy.card.yaml"


def test_the_token_goes_to_the_hub_alone(hub, site, cache, serve, certificate, tmp_path):
    other = serve(tmp_path / "www", certificate)
    load(other.reference("models/toy.card.yaml"))
    assert other.tokens == [None, None]
    find_card(hub_reference(hub))
    assert hub.tokens == ["Bearer hf_secret"]


def test_no_token_goes_unencrypted(site, cache, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", site.url)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    load(site.reference("models/toy.card.yaml"))
    assert site.tokens == [None, None]


def test_a_password_of_netrc(site, cache, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    find_card(site.reference("models/toy.card.yaml"))
    assert site.tokens == ["Basic " + base64.b64encode(b"me:secret").decode()]


def test_network_of_a_card_that_travelled_alone(site, cache, write_model, own_places):
    url = f"{site.url}/models/toy.onnx"
    card = write_model(own_places / "rootml/models", network={"url": url})
    card.with_name("toy.onnx").unlink()
    (entry,) = [entry for entry in list_models() if entry.name == "toy"]
    assert entry.absent
    assert entry.problem == ""
    assert site.requests == []
    assert load("toy").engine.path == cache / entry.card.network.sha256
    assert site.requests == ["/models/toy.onnx"]


def test_network_that_cannot_be_fetched_either(site, cache, write_model, own_places, monkeypatch):
    url = f"{site.url}/status/404/toy.onnx"
    card = write_model(own_places / "rootml/models", network={"url": url})
    card.with_name("toy.onnx").unlink()
    with pytest.raises(MissingNetwork, match=r"(?s)no file .*answers 404.*rootml models pull"):
        load("toy")
    monkeypatch.setenv("ROOTML_OFFLINE", "1")
    with pytest.raises(MissingNetwork, match="ROOTML_OFFLINE=1 forbids"):
        load("toy")


def test_a_damaged_entry_of_the_cache_is_fetched_again(site, cache, monkeypatch):
    reference = site.reference("models/toy.card.yaml")
    network = find_network(find_card(reference))
    network.write_bytes(b"damaged")
    monkeypatch.setenv("ROOTML_OFFLINE", "1")
    with pytest.raises(MissingNetwork, match="a damaged copy"):
        load(reference)
    monkeypatch.delenv("ROOTML_OFFLINE")
    assert load(reference).card.name == "toy"
    assert site.requests[2:] == ["/models/toy.onnx"]


def test_a_cache_that_cannot_be_written(site, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ROOTML_CACHE", str(tmp_path / "file/cache"))
    with pytest.raises(OutputError, match=r"(?s)not a directory.*ROOTML_CACHE may name another"):
        load(site.reference("models/toy.card.yaml"))


LOAD = "import sys; from rootml.registry import *; print(find_network(find_card(sys.argv[1])))"


def test_a_full_disk(site, cache):
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); " + LOAD
    done = subprocess.run(
        [sys.executable, "-c", limited, site.reference("models/toy.card.yaml")],
        capture_output=True,
        text=True,
    )
    assert "OutputError: cannot write" in done.stderr
    assert "file too large" in done.stderr
    assert kept(cache) == []


def test_many_jobs_fill_one_cache(site, cache):
    reference = site.reference("models/toy.card.yaml")
    jobs = [
        subprocess.Popen([sys.executable, "-c", LOAD, reference], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = {job.communicate()[0].strip() for job in jobs}
    assert [job.returncode for job in jobs] == [0] * 3
    (network,) = said
    assert kept(cache) == sorted([reference[-64:], Path(network).name])


def test_a_card_that_needs_a_further_file_is_refused(serve, cache, write_model, tmp_path):
    write_model(tmp_path / "www", adapter="toy.adapter.yaml", view="declared")
    (tmp_path / "www/toy.adapter.yaml").write_text("tensors: {cells: [a, b, c, d, e, f]}")
    site = serve(tmp_path / "www")
    with pytest.raises(
        CardError, match=r"another file, toy\.adapter\.yaml, which the card's sha256"
    ):
        find_card(site.reference("toy.card.yaml"))
