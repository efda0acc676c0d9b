"""The data set as the recipe sees it: a folder a class, split by committed lists of file names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torchvision.io import ImageReadMode, decode_image
from torchvision.transforms.v2 import functional as transforms

SPLITS_FOLDER = Path(__file__).parent / "splits"
SPLITS = ("train", "validation", "test")

# ImageNet channel statistics (torchvision, MobileNet_V3_Small_Weights.IMAGENET1K_V1.transforms).
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass
class Tiles:
    """Tiles of one split: `names` like `forest/a001.jpg`, `images` uint8 `[3, height, width]`, `labels` `[tiles]`."""

    names: list[str]
    images: list[torch.Tensor]
    labels: torch.Tensor

    def __len__(self) -> int:
        return len(self.names)


def class_names(data: Path) -> list[str]:
    return sorted(folder.name for folder in data.iterdir() if folder.is_dir())


def load_split(data: Path, split: str, classes: list[str]) -> Tiles:
    """The split's tiles of `classes`, whose order numbers the labels."""
    names = (SPLITS_FOLDER / f"{split}.txt").read_text().split()
    names = [name for name in names if name.split("/")[0] in classes]
    return Tiles(
        names=names,
        images=[decode_image(str(data / name), ImageReadMode.RGB) for name in names],
        labels=torch.tensor([classes.index(name.split("/")[0]) for name in names]),
    )


def normalise(images: torch.Tensor) -> torch.Tensor:
    """uint8 `[batch, 3, height, width]` → the network's input."""
    return transforms.normalize(images.float() / 255, MEAN, STD)


def whole(images: list[torch.Tensor], side_px: int) -> torch.Tensor:
    """Each tile scaled (bilinear, antialiased) to the network's input, as the classifier does."""
    resized = [transforms.resize(image, [side_px, side_px], antialias=True) for image in images]
    return normalise(torch.stack(resized))
