"""Crops of the training tiles, and what an ImageNet-trained network sees in them.

    python teacher.py DATA_FOLDER TEACHER.tflite OUTPUT.npz

The teacher is a MobileNetV2 of 8-bit weights; its last feature map, averaged over the image, gives 1280 features a
crop. The crops are drawn once, because the teacher is slow: the student sees them turned, mirrored and recoloured.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter
from torchvision.transforms.v2 import RandomResizedCrop
from torchvision.transforms.v2 import functional as transforms

from tiles import load_split

SEED = 20261124
CROPS_PER_TILE = 12
CROP_AREA = (0.35, 1.0)
CROP_ASPECT = (3 / 4, 4 / 3)
TEACHER_SIDE_PX = 224
FEATURE_MAP = [1, 7, 7, 1280]


class Teacher:
    def __init__(self, model: Path) -> None:
        # Without this option the feature map's memory is used again before it can be read.
        self.interpreter = Interpreter(str(model), num_threads=2, experimental_preserve_all_tensors=True)
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]["index"]
        details = self.interpreter.get_tensor_details()
        feature_map = next(tensor for tensor in details if list(tensor["shape"]) == FEATURE_MAP)
        self.output = feature_map["index"]
        self.scale, self.zero_point = feature_map["quantization"]

    def features(self, image: torch.Tensor) -> np.ndarray:
        """uint8 `[3, 224, 224]` → `[1280]`."""
        self.interpreter.set_tensor(self.input, image.permute(1, 2, 0)[None].numpy())
        self.interpreter.invoke()
        quantised = self.interpreter.get_tensor(self.output).astype(np.float32)
        return (quantised.mean(axis=(0, 1, 2)) - self.zero_point) * self.scale


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("data", type=Path)
    arguments.add_argument("model", type=Path)
    arguments.add_argument("output", type=Path)
    options = arguments.parse_args()

    torch.manual_seed(SEED)
    teacher = Teacher(options.model)
    tiles = load_split(options.data, "train")
    boxes = np.zeros((len(tiles), CROPS_PER_TILE, 4), np.int16)
    features = np.zeros((len(tiles), CROPS_PER_TILE, FEATURE_MAP[-1]), np.float32)
    for index, image in enumerate(tiles.images):
        for crop in range(CROPS_PER_TILE):
            # The first is the whole tile, which is what the model will be asked about.
            box = (0, 0, *image.shape[1:])
            if crop > 0:
                box = RandomResizedCrop.get_params(image, CROP_AREA, CROP_ASPECT)
            seen = transforms.resized_crop(image, *box, [TEACHER_SIDE_PX] * 2, antialias=True)
            boxes[index, crop] = box
            features[index, crop] = teacher.features(seen)
        if index % 100 == 0:
            print(f"{index} of {len(tiles)} tiles", flush=True)
    np.savez(options.output, names=tiles.names, boxes=boxes, features=features)


if __name__ == "__main__":
    main()
