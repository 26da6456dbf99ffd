"""The extra ``triton`` beside coffea, whose tools fail to import where the client is incomplete."""

from __future__ import annotations

from importlib import import_module

import pytest


def test_the_client_is_whole():
    pytest.importorskip("tritonclient.grpc")
    # coffea.ml_tools imports it too, and catches an ImportError; of a half it is a RuntimeError
    assert import_module("tritonclient.http").InferenceServerClient
