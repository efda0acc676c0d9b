"""Trains MobileNetV3-Small and a head on labelled tiles, guided by the teacher's features.

    python train.py DATA_FOLDER TEACHER.npz OUTPUT_FOLDER

The loss is cross-entropy on the class plus the error of a linear guess of the teacher's 1280 features. A first stage
sees small crops, which is fast; a second sees things in the size that the classifier sees. The weights kept are an exponential
average over the steps. Validation chooses the epoch; the test split is read once, after that.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel
from torchvision.models import mobilenet_v3_small
from torchvision.transforms.v2 import ColorJitter, Compose, RandomGrayscale
from torchvision.transforms.v2 import functional as transforms

from tiles import Tiles, class_names, load_split, normalise, whole

SEED = 20261124
FEATURES = 576
DENSE_NEURONS = 128
DROPOUT_RATE = 0.2
BATCH = 32
WEIGHT_DECAY = 0.02
LABEL_SMOOTHING = 0.1
GUESS_WEIGHT = 1.0
MIXUP_ALPHA = 0.2
EMA_DECAY = 0.998
# torchvision's 0.01 suits a million images: here the statistics would lag behind the weights.
BATCH_NORM_MOMENTUM = 0.05
WARM_UP_EPOCHS = 4
INPUT_SIDE_PX = 224
recolour = Compose([ColorJitter(0.3, 0.3, 0.2), RandomGrayscale(0.05)])


@dataclass
class Stage:
    side_px: int
    epochs: int
    learning_rate: float


# A crop shows things larger than a whole tile does: on 176 px they have the size that whole tiles give them on 224 px
# (Touvron et al., "Fixing the train-test resolution discrepancy", 2019).
STAGES = [Stage(112, 100, 2e-3), Stage(176, 20, 6e-4)]


class Student(nn.Module):
    """The network under the names that `tilelens import` reads, and the guess of the teacher's features beside it."""

    def __init__(self, num_classes: int, teacher_features: int) -> None:
        super().__init__()
        self.features = mobilenet_v3_small(weights=None).features
        self.head = nn.ModuleDict(
            {"dense": nn.Linear(FEATURES, DENSE_NEURONS), "output": nn.Linear(DENSE_NEURONS, num_classes)}
        )
        self.guess = nn.Linear(FEATURES, teacher_features)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = BATCH_NORM_MOMENTUM

    def pooled(self, images: torch.Tensor) -> torch.Tensor:
        """`[batch, 3, height, width]` → `[batch, 576]`."""
        return self.features(images).mean((2, 3))

    def logits(self, pooled: torch.Tensor) -> torch.Tensor:
        dropped = functional.dropout(pooled, DROPOUT_RATE, self.training)
        return self.head["output"](self.head["dense"](dropped).relu())

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        pooled = self.pooled(images)
        return self.logits(pooled), self.guess(pooled)


class Lesson:
    """Random crops of the training tiles with the teacher's answers, batch by batch."""

    def __init__(self, tiles: Tiles, teacher: Path) -> None:
        stored = np.load(teacher)
        if list(stored["names"]) != tiles.names:
            raise SystemExit(f"{teacher} was made for other tiles: run teacher.py again")
        self.tiles, self.boxes = tiles, stored["boxes"]
        answers = torch.from_numpy(stored["features"])
        # Each feature counts the same: mean 0 and deviation 1 over the training crops.
        spread = answers.std((0, 1)).clamp(min=1e-3)
        self.answers = (answers - answers.mean((0, 1))) / spread

    def batches(self, side_px: int):
        """One crop of every tile, in random order: images, labels, the teacher's features."""
        for indices in torch.randperm(len(self.tiles)).split(BATCH):
            if len(indices) < BATCH:
                return
            crops = torch.randint(self.boxes.shape[1], (len(indices),))
            images = torch.stack([self.crop(i, c, side_px) for i, c in zip(indices.tolist(), crops.tolist())])
            yield normalise(images), self.tiles.labels[indices], self.answers[indices, crops]

    def crop(self, index: int, crop: int, side_px: int) -> torch.Tensor:
        box = self.boxes[index, crop].tolist()
        image = transforms.resized_crop(self.tiles.images[index], *box, [side_px] * 2, antialias=True)
        image = torch.rot90(image, int(torch.randint(4, ())), (1, 2))
        if torch.rand(()) < 0.5:
            image = image.flip(2)
        return recolour(image)


def moving_average(averaged: torch.Tensor, current: torch.Tensor, updates: torch.Tensor) -> torch.Tensor:
    """Exponential, with a short memory at first: the random weights of the start are soon forgotten."""
    decay = min(EMA_DECAY, (1 + int(updates)) / (10 + int(updates)))
    return averaged * decay + current * (1 - decay)


def mixed(*tensors: torch.Tensor) -> list[torch.Tensor]:
    """The batch blended with itself in another order (mixup, Zhang et al. 2018)."""
    share = torch.distributions.Beta(MIXUP_ALPHA, MIXUP_ALPHA).sample().item()
    order = torch.randperm(len(tensors[0]))
    return [share * tensor + (1 - share) * tensor[order] for tensor in tensors]


@torch.no_grad()
def predict(student: nn.Module, tiles: Tiles) -> torch.Tensor:
    """Logits `[tiles, classes]` of whole tiles."""
    student.eval()
    batches = [whole(tiles.images[i : i + BATCH], INPUT_SIDE_PX) for i in range(0, len(tiles), BATCH)]
    return torch.cat([student(images.contiguous(memory_format=torch.channels_last))[0] for images in batches])


def accuracy(logits: torch.Tensor, labels: torch.Tensor) -> float:
    return (logits.argmax(1) == labels).float().mean().item()


def learning_rate(stage: Stage, epoch: float) -> float:
    """Linear warm-up, then half a cosine."""
    if epoch < WARM_UP_EPOCHS:
        return stage.learning_rate * (epoch + 0.1) / WARM_UP_EPOCHS
    done = (epoch - WARM_UP_EPOCHS) / (stage.epochs - WARM_UP_EPOCHS)
    return stage.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def train_stage(stage: Stage, student: Student, average: AveragedModel, lesson: Lesson, validation: Tiles, log) -> None:
    """Leaves in `average` the weights of the epoch that does best on validation, where the stage is the last."""
    decayed = [p for p in student.parameters() if p.ndim > 1]
    plain = [p for p in student.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=stage.learning_rate)
    steps = len(lesson.tiles) // BATCH
    best, best_weights = 0.0, None
    for epoch in range(stage.epochs):
        start = time.monotonic()
        student.train()
        total, total_guess = 0.0, 0.0
        for step, (images, labels, answers) in enumerate(lesson.batches(stage.side_px)):
            targets = functional.one_hot(labels, student.head["output"].out_features).float()
            if step % 2 == 0:
                images, targets, answers = mixed(images, targets, answers)
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(stage, epoch + step / steps)
            logits, guess = student(images.contiguous(memory_format=torch.channels_last))
            loss = functional.cross_entropy(logits, targets, label_smoothing=LABEL_SMOOTHING)
            guess_loss = functional.mse_loss(guess, answers)
            loss = loss + GUESS_WEIGHT * guess_loss
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(student.parameters(), 5.0)
            optimizer.step()
            average.update_parameters(student)
            total += loss.item() / steps
            total_guess += guess_loss.item() / steps
        reached = accuracy(predict(average.module, validation), validation.labels)
        if reached >= best:
            best, best_weights = reached, {k: v.clone() for k, v in average.module.state_dict().items()}
        log(side_px=stage.side_px, epoch=epoch + 1, loss=round(total, 4), guess_loss=round(total_guess, 4),
            validation=round(reached, 4), seconds=round(time.monotonic() - start, 1))
    average.module.load_state_dict(best_weights)


def fitted_temperature(logits: torch.Tensor, labels: torch.Tensor) -> float:
    """The temperature of least cross-entropy (Guo et al. 2017), by search over a grid of 1 %."""
    candidates = [0.3 * 1.01**step for step in range(240)]
    return min(candidates, key=lambda t: functional.cross_entropy(logits / t, labels).item())


def expected_calibration_error(probabilities: torch.Tensor, labels: torch.Tensor, bins: int = 10) -> float:
    confidence, predicted = probabilities.max(1)
    bin_of = (confidence * bins).long().clamp(max=bins - 1)
    gaps = [
        (bin_of == b).float().mean() * (confidence[bin_of == b].mean() - (predicted == labels)[bin_of == b].float().mean()).abs()
        for b in range(bins)
        if (bin_of == b).any()
    ]
    return float(sum(gaps))


def wilson_interval(right: int, total: int, z: float = 1.96) -> tuple[float, float]:
    share = right / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return middle - half, middle + half


def report(student: nn.Module, data: Path, temperature: float) -> dict:
    """What the model card states, on the test split."""
    classes, test = class_names(data), load_split(data, "test")
    logits = predict(student, test)
    predicted = logits.argmax(1)
    right = int((predicted == test.labels).sum())
    confusion = torch.zeros(len(classes), len(classes), dtype=torch.long)
    confusion.index_put_((test.labels, predicted), torch.tensor(1), accumulate=True)
    return {
        "tiles": len(test),
        "accuracy": right / len(test),
        "interval": wilson_interval(right, len(test)),
        "temperature": temperature,
        "calibration_error": expected_calibration_error(logits.softmax(1), test.labels),
        "calibration_error_at_temperature": expected_calibration_error((logits / temperature).softmax(1), test.labels),
        "classes": classes,
        "confusion": confusion.tolist(),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("data", type=Path)
    arguments.add_argument("teacher", type=Path)
    arguments.add_argument("output", type=Path)
    options = arguments.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)

    torch.manual_seed(SEED)
    lesson = Lesson(load_split(options.data, "train"), options.teacher)
    validation = load_split(options.data, "validation")
    student = Student(len(class_names(options.data)), lesson.answers.shape[-1]).to(memory_format=torch.channels_last)
    average = AveragedModel(student, avg_fn=moving_average, use_buffers=True)

    def log(**row) -> None:
        print(json.dumps(row), flush=True)
        with (options.output / "log.jsonl").open("a") as file:
            print(json.dumps(row), file=file)

    for stage in STAGES:
        train_stage(stage, student, average, lesson, validation, log)

    best = average.module
    logits = predict(best, validation)
    # A temperature is a scale of the logits: folded into the last layer, it needs no place of its own.
    temperature = fitted_temperature(logits, validation.labels)
    (options.output / "report.json").write_text(json.dumps(report(best, options.data, temperature), indent=2) + "\n")
    with torch.no_grad():
        best.head["output"].weight /= temperature
        best.head["output"].bias /= temperature
    weights = {name: tensor.contiguous() for name, tensor in best.state_dict().items() if not name.startswith("guess.")}
    torch.save(weights, options.output / "land-cover.pth")
    save_file(weights, options.output / "land-cover.safetensors")


if __name__ == "__main__":
    main()
