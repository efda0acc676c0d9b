"""What a training tile looks like when it is seen again: overhead imagery has no up, and any crop is a tile."""

from __future__ import annotations

import torch
from torchvision.transforms.v2 import ColorJitter, Compose, RandomGrayscale, RandomResizedCrop
from torchvision.transforms.v2 import functional as transforms

CROP_AREA = (0.35, 1.0)
CROP_ASPECT = (3 / 4, 4 / 3)
MIXUP_ALPHA = 0.2
recolour = Compose([ColorJitter(0.3, 0.3, 0.2), RandomGrayscale(0.05)])


def random_box(image: torch.Tensor) -> tuple[int, int, int, int]:
    """Top, left, height, width of a crop of 35 to 100 % of the area."""
    return RandomResizedCrop.get_params(image, CROP_AREA, CROP_ASPECT)


def cropped(image: torch.Tensor, box: tuple[int, int, int, int], side_px: int) -> torch.Tensor:
    return transforms.resized_crop(image, *box, [side_px] * 2, antialias=True)


def turned_and_recoloured(image: torch.Tensor) -> torch.Tensor:
    """One of the 8 flips and right-angle turns, in another light."""
    image = torch.rot90(image, int(torch.randint(4, ())), (1, 2))
    if torch.rand(()) < 0.5:
        image = image.flip(2)
    return recolour(image)


def mixed(*tensors: torch.Tensor) -> list[torch.Tensor]:
    """The batch blended with itself in another order (mixup, Zhang et al. 2018)."""
    share = torch.distributions.Beta(MIXUP_ALPHA, MIXUP_ALPHA).sample().item()
    order = torch.randperm(len(tensors[0]))
    return [share * tensor + (1 - share) * tensor[order] for tensor in tensors]
