"""The sets of tiles as the recipe sees them: a folder a set, in it a folder a class; split by committed lists of names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torchvision.io import ImageReadMode, decode_image
from torchvision.transforms.v2 import functional as transforms

SPLITS_FOLDER = Path(__file__).parent / "splits"

# The sets, and the side in pixels at which each is held in memory: no larger than a crop ever needs.
SETS = {"aid": 150, "eurosat": 64, "rsscn7": 224}

INPUT_SIDE_PX = 224
# ImageNet channel statistics (torchvision, MobileNet_V3_Small_Weights.IMAGENET1K_V1.transforms).
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass
class Tiles:
    """Tiles of one set: `names` like `Forest/a001.jpg`, `images` uint8 `[tiles, 3, side, side]`, `labels` `[tiles]`."""

    classes: list[str]
    names: list[str]
    images: torch.Tensor
    labels: torch.Tensor

    def __len__(self) -> int:
        return len(self.names)


def class_names(folder: Path) -> list[str]:
    return sorted(child.name for child in folder.iterdir() if child.is_dir())


def held_out(set_name: str, part: str) -> set[str]:
    """Names of the tiles of `part`, `validation` or `test`."""
    return set((SPLITS_FOLDER / f"{set_name}.{part}.txt").read_text().split())


def load(data: Path, set_name: str, part: str, classes: list[str] | None = None) -> Tiles:
    """The tiles of `part`: `train`, `validation`, `test`, or `all`; of `classes` alone where they are named."""
    folder = data / set_name
    classes = classes or class_names(folder)
    names = [f"{c}/{file.name}" for c in classes for file in sorted((folder / c).glob("*.jpg"))]
    if part == "train":
        out = held_out(set_name, "validation") | held_out(set_name, "test")
        names = [name for name in names if name not in out]
    elif part != "all":
        wanted = held_out(set_name, part)
        names = [name for name in names if name in wanted]
    side = SETS[set_name]
    images = torch.empty((len(names), 3, side, side), dtype=torch.uint8)
    for index, name in enumerate(names):
        images[index] = resized(decode_image(str(folder / name), ImageReadMode.RGB), side)
    labels = torch.tensor([classes.index(name.split("/")[0]) for name in names])
    return Tiles(classes, names, images, labels)


def resized(images: torch.Tensor, side_px: int) -> torch.Tensor:
    """Bilinear and antialiased, as the classifier scales tiles."""
    if images.shape[-1] == images.shape[-2] == side_px:
        return images
    return transforms.resize(images, [side_px, side_px], antialias=True)


def normalised(images: torch.Tensor) -> torch.Tensor:
    """Values of 0 to 1, `[batch, 3, height, width]`, → the network's input."""
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    return ((images - mean) / std).contiguous(memory_format=torch.channels_last)


def whole(images: torch.Tensor, side_px: int = INPUT_SIDE_PX) -> torch.Tensor:
    """uint8 `[batch, 3, side, side]` → the network's input, as the classifier makes it."""
    return normalised(resized(images, side_px).float() / 255)
