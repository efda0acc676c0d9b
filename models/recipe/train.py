"""Trains the backbone: MobileNetV3-Small on labelled tiles, guided by the teacher's answers.

    python train.py DATA_FOLDER LESSONS.npz OUTPUT_FOLDER

Three losses: cross-entropy with the label, the distance from the teacher's class probabilities where the lessons have
them, and the error of a linear guess of the teacher's 1280 features, which carry more than a few classes can say. A first stage sees small
crops, which is fast; a second sees things in the size that the classifier sees. The weights kept are an exponential
average over the steps. Validation chooses the epoch; the test split is not read here.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel
from torchvision.models import mobilenet_v3_small

from augmentation import cropped, mixed, turned_and_recoloured
from optimisation import Best, Descent, averaged
from tiles import Tiles, load_split, normalise, whole

SEED = 20261124
FEATURES = 576
DROPOUT_RATE = 0.2
BATCH = 32
LABEL_SMOOTHING = 0.1
LABEL_SHARE = 0.3
TEACHER_TEMPERATURE = 2.0
GUESS_WEIGHT = 1.0
# torchvision's 0.01 suits a million images: here the statistics would lag behind the weights.
BATCH_NORM_MOMENTUM = 0.05
WARM_UP_EPOCHS = 4
# The average changes slowly, and a look at it costs a quarter of an epoch.
VALIDATE_EVERY = 5
INPUT_SIDE_PX = 224


@dataclass
class Stage:
    side_px: int
    epochs: int
    learning_rate: float


# A crop shows things larger than a whole tile does: on 176 px they have the size that whole tiles give them on 224 px
# (Touvron et al., "Fixing the train-test resolution discrepancy", 2019).
STAGES = [Stage(128, 110, 2e-3), Stage(176, 30, 8e-4)]


class Student(nn.Module):
    """The backbone under torchvision's names, with a linear classifier and the guess of the teacher's features."""

    def __init__(self, num_classes: int, teacher_features: int) -> None:
        super().__init__()
        self.features = mobilenet_v3_small(weights=None).features
        self.output = nn.Linear(FEATURES, num_classes)
        self.guess = nn.Linear(FEATURES, teacher_features)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = BATCH_NORM_MOMENTUM

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """`[batch, 3, height, width]` → logits and the guess."""
        pooled = self.features(images).mean((2, 3))
        return self.output(functional.dropout(pooled, DROPOUT_RATE, self.training)), self.guess(pooled)


class Lessons:
    """Random crops of the training tiles with the teacher's answers, batch by batch."""

    def __init__(self, data: Path, lessons: Path) -> None:
        stored = np.load(lessons)
        self.classes = stored["classes"].tolist()
        self.tiles, self.boxes = load_split(data, "train", self.classes), stored["boxes"]
        if stored["names"].tolist() != self.tiles.names:
            raise SystemExit(f"{lessons} was made for other tiles: run lessons.py again")
        features = torch.from_numpy(stored["features"].astype(np.float32))
        # Each feature counts the same: mean 0 and deviation 1 over the training crops.
        self.features = (features - features.mean((0, 1))) / features.std((0, 1)).clamp(min=1e-3)
        # Without a teacher's classes, the label is all that is believed.
        self.beliefs = None
        if "logits" in stored:
            self.beliefs = torch.from_numpy(stored["logits"]).div(TEACHER_TEMPERATURE).softmax(-1)

    def batches(self, side_px: int):
        """One crop of every tile, in random order: images, labels as shares, the teacher's beliefs and features."""
        for indices in torch.randperm(len(self.tiles)).split(BATCH):
            if len(indices) < BATCH:
                return
            crops = torch.randint(self.boxes.shape[1], (len(indices),))
            images = [self.crop(i, c, side_px) for i, c in zip(indices.tolist(), crops.tolist())]
            labels = functional.one_hot(self.tiles.labels[indices], len(self.classes)).float()
            beliefs = labels if self.beliefs is None else self.beliefs[indices, crops]
            yield normalise(torch.stack(images)), labels, beliefs, self.features[indices, crops]

    def crop(self, index: int, crop: int, side_px: int) -> torch.Tensor:
        box = self.boxes[index, crop].tolist()
        return turned_and_recoloured(cropped(self.tiles.images[index], box, side_px))


@torch.no_grad()
def accuracy(student: nn.Module, tiles: Tiles) -> float:
    student.eval()
    right = 0
    for start in range(0, len(tiles), BATCH):
        images = whole(tiles.images[start : start + BATCH], INPUT_SIDE_PX).contiguous(memory_format=torch.channels_last)
        right += int((student(images)[0].argmax(1) == tiles.labels[start : start + BATCH]).sum())
    return right / len(tiles)


def loss_of(student: nn.Module, label_share: float, images, labels, beliefs, features) -> torch.Tensor:
    logits, guess = student(images.contiguous(memory_format=torch.channels_last))
    label_loss = functional.cross_entropy(logits, labels, label_smoothing=LABEL_SMOOTHING)
    # Hinton et al., "Distilling the Knowledge in a Neural Network", 2015: the square keeps the gradient's size.
    belief_loss = functional.cross_entropy(logits / TEACHER_TEMPERATURE, beliefs) * TEACHER_TEMPERATURE**2
    return (
        label_share * label_loss
        + (1 - label_share) * belief_loss
        + GUESS_WEIGHT * functional.mse_loss(guess, features)
    )


def train_stage(stage: Stage, student: Student, average: AveragedModel, lessons: Lessons, validation: Tiles, log) -> None:
    """Leaves in `average` the weights of the epoch that does best on validation."""
    steps = len(lessons.tiles) // BATCH
    descent = Descent(student, stage.learning_rate, stage.epochs * steps, WARM_UP_EPOCHS * steps)
    # Fuses what lies between the convolutions: 1.6 times as fast.
    compiled = torch.compile(student)
    label_share = 1.0 if lessons.beliefs is None else LABEL_SHARE
    best = Best()
    for epoch in range(stage.epochs):
        start, total = time.monotonic(), 0.0
        student.train()
        for step, batch in enumerate(lessons.batches(stage.side_px)):
            loss = loss_of(compiled, label_share, *(mixed(*batch) if step % 2 == 0 else batch))
            descent.step(loss)
            average.update_parameters(student)
            total += loss.item() / steps
        row = {"side_px": stage.side_px, "epoch": epoch + 1, "loss": round(total, 4)}
        if (epoch + 1) % VALIDATE_EVERY == 0:
            row["validation"] = round(reached := accuracy(average.module, validation), 4)
            best.offer(reached, average.module)
        log(**row, seconds=round(time.monotonic() - start, 1))
    average.module.load_state_dict(best.weights)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("data", type=Path)
    arguments.add_argument("lessons", type=Path)
    arguments.add_argument("output", type=Path)
    options = arguments.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)

    torch.manual_seed(SEED)
    lessons = Lessons(options.data, options.lessons)
    validation = load_split(options.data, "validation", lessons.classes)
    student = Student(len(lessons.classes), lessons.features.shape[-1]).to(memory_format=torch.channels_last)
    average = averaged(student)

    def log(**row) -> None:
        print(json.dumps(row), flush=True)
        with (options.output / "log.jsonl").open("a") as file:
            print(json.dumps(row), file=file)

    for stage in STAGES:
        train_stage(stage, student, average, lessons, validation, log)
        weights = {f"features.{name}": tensor.contiguous() for name, tensor in average.module.features.state_dict().items()}
        torch.save(weights, options.output / "backbone.pth")


if __name__ == "__main__":
    main()
