"""(f) The perceptron as weaver's ``--network-config``; its second class has the logit 0."""

import torch
from torch import nn


class Perceptron(nn.Module):
    def __init__(self):
        super().__init__()
        layers = [nn.Linear(30, 128), nn.Linear(128, 128), nn.Linear(128, 128)]
        self.hidden = nn.Sequential(*(m for layer in layers for m in (layer, nn.ReLU())))
        self.last = nn.Linear(128, 1)

    def forward(self, x):
        logit = self.last(self.hidden(x))
        return torch.cat([logit, torch.zeros_like(logit)], dim=1)


def get_model(data_config, **options):
    return Perceptron(), {
        "input_names": ["x"],
        "input_shapes": {"x": (-1, 30)},
        "output_names": ["softmax"],
        "dynamic_axes": {"x": {0: "N"}, "softmax": {0: "N"}},
    }
