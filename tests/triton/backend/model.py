"""What ``backend: "onnxruntime"`` is to the server of the tests, whose wheel brings Python alone.

Arrays go through DLPack: the server's own bridge to NumPy knows NumPy 1 only. A parameter ``delay``
of a model's configuration makes it slow, in seconds a request.
"""

import json
import time
from pathlib import Path

import numpy as np
import onnxruntime as ort
import triton_python_backend_utils as server


class TritonPythonModel:
    def initialize(self, args):
        config = json.loads(args["model_config"])
        self.delay = float(config["parameters"].get("delay", {}).get("string_value", 0))
        path = Path(args["model_repository"], args["model_version"], "model.onnx")
        self.session = ort.InferenceSession(path)
        self.outputs = [output["name"] for output in config["output"]]

    def execute(self, requests):
        return [self.answer(request) for request in requests]

    def answer(self, request):
        time.sleep(self.delay)
        feed = {tensor.name(): np.from_dlpack(tensor) for tensor in request.inputs()}
        values = self.session.run(self.outputs, feed)
        named = zip(self.outputs, values, strict=True)
        return server.InferenceResponse(
            [server.Tensor.from_dlpack(name, np.ascontiguousarray(value)) for name, value in named]
        )
