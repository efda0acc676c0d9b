"""What a training tile looks like when it is seen again: overhead imagery has no up, any crop of it is a tile, and no two
sensors agree on colour or sharpness. All of it for a whole batch at once, on float images of 0 to 1."""

from __future__ import annotations

import torch
from torch.nn import functional

# On 128 px a crop of a half of the side shows things as large as a whole tile does on 224 px, which the classifier reads
# (Touvron et al., "Fixing the train-test resolution discrepancy", 2019).
CROP_SIDE = (0.45, 1.0)
ASPECT = (0.8, 1.25)
BRIGHTNESS, CONTRAST, SATURATION, GAMMA, CHANNEL_GAIN = 0.3, 0.3, 0.3, 0.35, 0.12
GREY_SHARE, BLURRED_SHARE = 0.05, 0.15
# Some are shown as a coarser sensor sees them, in pixels of 1.7 to 3.7 times the side, a third of them by each.
COARSE_SHARE, COARSE_SIDES = 0.3, (0.6, 0.4, 0.27)
LUMA = (0.299, 0.587, 0.114)


def uniform(count: int, low: float, high: float) -> torch.Tensor:
    """`[count, 1, 1, 1]` numbers between the two."""
    return torch.empty(count, 1, 1, 1).uniform_(low, high)


def cropped_and_turned(images: torch.Tensor, side_px: int) -> torch.Tensor:
    """uint8 `[batch, 3, side, side]` → a random crop of each in one of the eight flips and right-angle turns, scaled to
    `[batch, 3, side_px, side_px]`, values of 0 to 1."""
    count = len(images)
    side = torch.empty(count).uniform_(*CROP_SIDE)
    aspect = torch.empty(count).uniform_(ASPECT[0], ASPECT[1]).sqrt()
    width, height = (side * aspect).clamp(max=1), (side / aspect).clamp(max=1)
    # Affine maps of the output square onto the crop, in grid_sample's coordinates of -1 to 1.
    signs = torch.randint(2, (2, count)) * 2.0 - 1
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = width * signs[0], height * signs[1]
    theta[:, 0, 2] = (torch.rand(count) * 2 - 1) * (1 - width)
    theta[:, 1, 2] = (torch.rand(count) * 2 - 1) * (1 - height)
    transposed = torch.rand(count) < 0.5
    theta[transposed, :, :2] = theta[transposed][:, :, [1, 0]]
    grid = functional.affine_grid(theta, [count, 3, side_px, side_px], align_corners=False)
    return functional.grid_sample(images.float() / 255, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def coarser(images: torch.Tensor, share: float, mode: str) -> torch.Tensor:
    """Made small by areas, to this share of the side, and large again."""
    side = images.shape[-1]
    small = functional.interpolate(images, size=int(side * share), mode="area")
    return functional.interpolate(small, size=side, mode=mode, align_corners=False)


def coarsened(images: torch.Tensor) -> torch.Tensor:
    """Some of the images as coarser sensors see them."""
    chosen = (torch.rand(len(images)) < COARSE_SHARE).nonzero().flatten()
    kinds = torch.randint(len(COARSE_SIDES), (len(chosen),))
    for kind, share in enumerate(COARSE_SIDES):
        mine = chosen[kinds == kind]
        if len(mine):
            mode = "bicubic" if torch.rand(()) < 0.5 else "bilinear"
            images[mine] = coarser(images[mine], share, mode).clamp(0, 1)
    return images


def in_another_light(images: torch.Tensor) -> torch.Tensor:
    """Another gamma, brightness, contrast and saturation, a gain of its own for each colour; some grey, some blurred."""
    count = len(images)
    images = images.clamp(1e-4, 1) ** torch.exp(uniform(count, -GAMMA, GAMMA))
    images = images * torch.empty(count, 3, 1, 1).uniform_(1 - CHANNEL_GAIN, 1 + CHANNEL_GAIN)
    images = images * uniform(count, 1 - BRIGHTNESS, 1 + BRIGHTNESS)
    mean = images.mean((1, 2, 3), keepdim=True)
    images = mean + (images - mean) * uniform(count, 1 - CONTRAST, 1 + CONTRAST)
    grey = (images * torch.tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
    saturation = uniform(count, 1 - SATURATION, 1 + SATURATION)
    saturation[torch.rand(count) < GREY_SHARE] = 0
    images = grey + (images - grey) * saturation
    blurred = torch.rand(count) < BLURRED_SHARE
    if blurred.any():
        images[blurred] = coarser(images[blurred], 0.5, "bilinear")
    return images.clamp(0, 1)
