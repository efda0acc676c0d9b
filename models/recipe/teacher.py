"""Trains the teacher: an ImageNet-trained MobileNetV2, trained further on the training tiles.

    python teacher.py DATA_FOLDER MOBILENET_V2.tflite OUTPUT.pth
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from augmentation import cropped, mixed, random_box, turned_and_recoloured
from imagenet_network import FEATURES, ImageNetNetwork
from optimisation import Best, Descent, averaged
from tiles import Tiles, class_names, load_split

SEED = 20261124
BATCH = 32
EPOCHS = 14
LEARNING_RATE = 3e-4
LABEL_SMOOTHING = 0.1
DROPOUT_RATE = 0.2
TRAINING_SIDE_PX = 160
# A crop shows things larger than a whole tile does: what was learnt at 160 px of a crop fits whole tiles at this size
# (Touvron et al., "Fixing the train-test resolution discrepancy", 2019).
SIDE_PX = 208


class Teacher(nn.Module):
    def __init__(self, network: ImageNetNetwork, num_classes: int) -> None:
        super().__init__()
        self.network = network
        self.output = nn.Linear(FEATURES, num_classes)
        nn.init.zeros_(self.output.weight)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = functional.dropout(self.network(images), DROPOUT_RATE, self.training)
        return self.output(features)


def network_input(images: list[torch.Tensor]) -> torch.Tensor:
    """uint8 images of one size → `[batch, 3, height, width]` from -1 to 1."""
    return (torch.stack(images).float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def answers(network: nn.Module, images: list[torch.Tensor]) -> torch.Tensor:
    network.eval()
    return torch.cat([network(network_input(images[i : i + BATCH])) for i in range(0, len(images), BATCH)])


def wholes(tiles: Tiles) -> list[torch.Tensor]:
    return [cropped(image, (0, 0, *image.shape[1:]), SIDE_PX) for image in tiles.images]


def train(teacher: Teacher, tiles: Tiles, validation: Tiles) -> nn.Module:
    """The teacher of the epoch that does best on validation."""
    steps = len(tiles) // BATCH
    descent = Descent(teacher, LEARNING_RATE, EPOCHS * steps, steps)
    average = averaged(teacher)
    best = Best()
    for epoch in range(EPOCHS):
        start, total = time.monotonic(), 0.0
        teacher.train()
        for step, indices in enumerate(torch.randperm(len(tiles))[: steps * BATCH].split(BATCH)):
            images = [tiles.images[i] for i in indices.tolist()]
            images = [turned_and_recoloured(cropped(image, random_box(image), TRAINING_SIDE_PX)) for image in images]
            batch = network_input(images)
            targets = functional.one_hot(tiles.labels[indices], teacher.output.out_features).float()
            if step % 2 == 0:
                batch, targets = mixed(batch, targets)
            loss = functional.cross_entropy(teacher(batch), targets, label_smoothing=LABEL_SMOOTHING)
            descent.step(loss)
            average.update_parameters(teacher)
            total += loss.item() / steps
        logits = answers(average.module, wholes(validation))
        reached = (logits.argmax(1) == validation.labels).float().mean().item()
        best.offer(reached, average.module)
        print(json.dumps({"epoch": epoch + 1, "loss": round(total, 4), "validation": round(reached, 4),
                          "seconds": round(time.monotonic() - start, 1)}), flush=True)
    average.module.load_state_dict(best.weights)
    return average.module


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("data", type=Path)
    arguments.add_argument("model", type=Path)
    arguments.add_argument("output", type=Path)
    arguments.add_argument("--classes", nargs="+", help="train on these classes alone")
    options = arguments.parse_args()

    torch.manual_seed(SEED)
    classes = options.classes or class_names(options.data)
    tiles = load_split(options.data, "train", classes)
    teacher = Teacher(ImageNetNetwork(options.model), len(classes)).to(memory_format=torch.channels_last)
    teacher = train(teacher, tiles, load_split(options.data, "validation", classes))
    torch.save({"classes": classes, "weights": teacher.state_dict()}, options.output)


if __name__ == "__main__":
    main()
