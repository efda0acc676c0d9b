"""Trains the backbone: from ImageNet's weights, on all sets of overhead tiles at once, a classifier for each.

    python train.py DATA_FOLDER IMAGENET.safetensors OUTPUT_FOLDER [--images N] [--without SET …] [--without-classes FILE] [--seed N]

Every batch holds tiles of every set, so that batch norms see them all. Early layers learn more slowly than late ones. The
weights kept are an exponential average over the steps; average.py mixes those of several runs with those of the beginning. A
checkpoint is written every minute or so: a run that was cut off goes on when it is started again.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel

from augmentation import coarsened, cropped_and_turned, in_another_light
from network import Student, backbone
from tiles import SETS, Tiles, class_names, load, normalised

SEED = 20261127
BATCH = 64
# Of a batch: AID has the most classes and the most to tell.
SHARES = {"aid": 0.5, "eurosat": 0.25, "rsscn7": 0.25}
LEARNING_RATE = 3e-3
# Each stage of the backbone learns at this share of the one after it (layer-wise decay).
STAGE_DECAY = 0.85
WEIGHT_DECAY = 0.02
GRADIENT_NORM = 5.0
EMA_DECAY = 0.999
WARM_UP = 0.05
CHECKPOINT_STEPS = 200


@dataclass
class Stage:
    """Up to this share of all images, on this side."""

    until: float
    side_px: int


# Small images are cheap; the last ones show the network the size that it will work at.
STAGES = [Stage(0.8, 128), Stage(0.94, 160), Stage(1.0, 208)]


def side_at(progress: float) -> int:
    return next(stage.side_px for stage in STAGES if progress < stage.until)


def factor_at(progress: float) -> float:
    """Linear warm-up, then half a cosine."""
    if progress < WARM_UP:
        return progress / WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP)))


class Batches:
    """Random tiles of every set, in the shares above; a set's tiles all come before one comes again."""

    def __init__(self, sets: dict[str, Tiles]) -> None:
        total = sum(SHARES[name] for name in sets)
        self.sets = sets
        self.counts = {name: round(BATCH * SHARES[name] / total) for name in sets}
        self.left = {name: torch.empty(0, dtype=torch.long) for name in sets}

    def next(self, side_px: int) -> tuple[torch.Tensor, list[tuple[str, torch.Tensor]]]:
        """Images `[batch, 3, side_px, side_px]`, and set by set their labels."""
        images, labels = [], []
        for name, tiles in self.sets.items():
            if len(self.left[name]) < self.counts[name]:
                self.left[name] = torch.randperm(len(tiles))
            chosen, self.left[name] = self.left[name].split([self.counts[name], len(self.left[name]) - self.counts[name]])
            images.append(cropped_and_turned(tiles.images[chosen], side_px))
            labels.append((name, tiles.labels[chosen]))
        return normalised(in_another_light(coarsened(torch.cat(images)))), labels


def optimizer_of(student: Student) -> torch.optim.AdamW:
    groups = []
    stages = [*student.features, nn.ModuleList([student.projector, student.outputs])]
    for depth, stage in enumerate(stages):
        scale = STAGE_DECAY ** (len(stages) - 1 - depth)
        for decays in (True, False):
            # Weights of one dimension are biases and batch norms, whose size carries no complexity.
            parameters = [p for p in stage.parameters() if (p.ndim > 1) == decays]
            groups.append({"params": parameters, "scale": scale, "weight_decay": WEIGHT_DECAY if decays else 0.0})
    return torch.optim.AdamW(groups, lr=LEARNING_RATE)


def loss_of(student: Student, images: torch.Tensor, labels: list[tuple[str, torch.Tensor]]) -> torch.Tensor:
    """The mean cross-entropy. No label smoothing and no mixup: both pull classes together in a way that transfers worse
    (Kornblith et al., "Why Do Better Loss Functions Lead to Less Transferable Features?", 2021)."""
    projected = student.projected(images).split([len(of_set) for _, of_set in labels])
    losses = [functional.cross_entropy(student.logits(p, name), y, reduction="sum") for p, (name, y) in zip(projected, labels)]
    return torch.stack(losses).sum() / len(images)


def moving_average(averaged: torch.Tensor, current: torch.Tensor, updates: torch.Tensor) -> torch.Tensor:
    """Exponential, with a short memory at first."""
    decay = min(EMA_DECAY, (1 + int(updates)) / (10 + int(updates)))
    return averaged * decay + current * (1 - decay)


def load_sets(options: argparse.Namespace) -> dict[str, Tiles]:
    """What is trained on; `--without-classes` is a JSON file of the classes that are left out, set by set."""
    left_out = json.loads(options.without_classes.read_text()) if options.without_classes else {}
    sets = {}
    for name in SETS:
        if name not in options.without:
            classes = [c for c in class_names(options.data / name) if c not in left_out.get(name, [])]
            sets[name] = load(options.data, name, "train", classes)
    return sets


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name in ("data", "weights", "output"):
        arguments.add_argument(name, type=Path)
    arguments.add_argument("--images", type=int, default=64_000, help="how many pictures are seen")
    arguments.add_argument("--without", nargs="+", default=[], choices=list(SETS), help="sets that are left out")
    arguments.add_argument("--without-classes", type=Path, help="JSON: the classes of each set that are left out")
    arguments.add_argument("--seed", type=int, default=SEED)
    options = arguments.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)

    # The network is small: more threads wait for each other.
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    sets = load_sets(options)
    student = Student(backbone(options.weights), {name: len(tiles.classes) for name, tiles in sets.items()})
    average = AveragedModel(student, avg_fn=moving_average, use_buffers=True)
    optimizer = optimizer_of(student)
    batches = Batches(sets)
    steps, done = options.images // BATCH, 0

    checkpoint = options.output / "checkpoint.pth"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        student.load_state_dict(saved["student"])
        average.load_state_dict(saved["average"])
        optimizer.load_state_dict(saved["optimizer"])
        done = saved["done"]
        torch.manual_seed(options.seed + done)
        print(f"going on after {done * BATCH} images", flush=True)

    student.train()
    start, total, right = time.monotonic(), 0.0, 0
    while done < steps:
        progress = done / steps
        images, labels = batches.next(side_at(progress))
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * group["scale"] * factor_at(progress)
        loss = loss_of(student, images, labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(student.parameters(), GRADIENT_NORM)
        optimizer.step()
        average.update_parameters(student)
        total += loss.item()
        done += 1
        if done % CHECKPOINT_STEPS == 0 or done == steps:
            state = {"student": student.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict(), "done": done}
            torch.save(state, checkpoint.with_suffix(".partial"))
            checkpoint.with_suffix(".partial").replace(checkpoint)
            seconds, start = time.monotonic() - start, time.monotonic()
            row = {"images": done * BATCH, "side_px": side_at(progress), "loss": round(total / CHECKPOINT_STEPS, 4), "seconds": round(seconds, 1)}
            print(json.dumps(row), flush=True)
            total = 0.0

    weights = {f"features.{name}": value.contiguous() for name, value in average.module.features.state_dict().items()}
    save_file(weights, options.output / "backbone.safetensors")


if __name__ == "__main__":
    main()
