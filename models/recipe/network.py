"""The backbone, as torchvision trained it on ImageNet, and what it learns through: a projector, and a classifier for each set of
tiles on that. Both are thrown away. What serves only the classes that are trained on gathers in the projector, and the features
below it serve others better (Sariyildiz et al., "No Reason for No Supervision", 2023)."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional
from torchvision.models import mobilenet_v3_small

FEATURES, HIDDEN, PROJECTED = 576, 1024, 256
DROPOUT_RATE = 0.1
# Cosines are divided by it: their range of -1 to 1 is too small for a softmax.
TEMPERATURE = 0.1
# torchvision's 0.01 suits a million images: here the statistics would lag behind the weights.
BATCH_NORM_MOMENTUM = 0.02


def backbone(weights: Path) -> nn.Sequential:
    """torchvision's `features`, from a file of its weights, `features.0.0.weight` …."""
    network = mobilenet_v3_small(weights=None).features
    stored = load_file(weights)
    network.load_state_dict({name.removeprefix("features."): value for name, value in stored.items()}, strict=False)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = BATCH_NORM_MOMENTUM
    return network.to(memory_format=torch.channels_last)


class Student(nn.Module):
    """The backbone, a projector, and a classifier for each set: sets name their classes by rules of their own."""

    def __init__(self, features: nn.Sequential, num_classes: dict[str, int]) -> None:
        super().__init__()
        self.features = features
        self.projector = nn.Sequential(
            nn.Linear(FEATURES, HIDDEN, bias=False), nn.BatchNorm1d(HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, PROJECTED, bias=False)
        )
        self.outputs = nn.ModuleDict({name: nn.Linear(PROJECTED, count, bias=False) for name, count in num_classes.items()})

    def projected(self, images: torch.Tensor) -> torch.Tensor:
        """`[batch, 3, height, width]` → features `[batch, 576]` → `[batch, 256]`, each of length 1."""
        features = functional.dropout(self.features(images).mean((2, 3)), DROPOUT_RATE, self.training)
        return functional.normalize(self.projector(features), dim=1)

    def logits(self, projected: torch.Tensor, set_name: str) -> torch.Tensor:
        """Cosines with the classes of a set."""
        return functional.linear(projected, functional.normalize(self.outputs[set_name].weight, dim=1)) / TEMPERATURE
