"""The backbone, as torchvision trained it on ImageNet, and a linear classifier for each set of tiles on it."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional
from torchvision.models import mobilenet_v3_small

FEATURES = 576
DROPOUT_RATE = 0.1
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
    """The backbone, and a linear classifier for each set: sets name their classes by rules of their own."""

    def __init__(self, features: nn.Sequential, num_classes: dict[str, int]) -> None:
        super().__init__()
        self.features = features
        self.outputs = nn.ModuleDict({name: nn.Linear(FEATURES, count) for name, count in num_classes.items()})

    def pooled(self, images: torch.Tensor) -> torch.Tensor:
        """`[batch, 3, height, width]` → `[batch, 576]`."""
        return self.features(images).mean((2, 3))

    def logits(self, pooled: torch.Tensor, set_name: str) -> torch.Tensor:
        return self.outputs[set_name](functional.dropout(pooled, DROPOUT_RATE, self.training))
