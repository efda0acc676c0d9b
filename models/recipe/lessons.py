"""Draws crops of the training tiles and writes down what the teacher says of each.

    python lessons.py DATA_FOLDER MOBILENET_V2.tflite TEACHER.pth OUTPUT.npz

The crops are drawn once, because the teacher is slow: the student sees them turned, mirrored and recoloured.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from augmentation import cropped, random_box
from imagenet_network import FEATURES, ImageNetNetwork
from teacher import SIDE_PX, Teacher, network_input
from tiles import load_split

SEED = 20261125
CROPS_PER_TILE = 16


@torch.no_grad()
def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name in ("data", "model", "teacher", "output"):
        arguments.add_argument(name, type=Path)
    options = arguments.parse_args()

    torch.manual_seed(SEED)
    saved = torch.load(options.teacher, weights_only=True)
    teacher = Teacher(ImageNetNetwork(options.model), len(saved["classes"])).to(memory_format=torch.channels_last)
    teacher.load_state_dict(saved["weights"])
    teacher.eval()
    tiles = load_split(options.data, "train", saved["classes"])
    boxes = np.zeros((len(tiles), CROPS_PER_TILE, 4), np.int16)
    features = np.zeros((len(tiles), CROPS_PER_TILE, FEATURES), np.float16)
    logits = np.zeros((len(tiles), CROPS_PER_TILE, len(saved["classes"])), np.float32)
    for index, image in enumerate(tiles.images):
        # The first is the whole tile, which is what the model will be asked about.
        drawn = [(0, 0, *image.shape[1:])] + [random_box(image) for _ in range(CROPS_PER_TILE - 1)]
        seen = teacher.network(network_input([cropped(image, box, SIDE_PX) for box in drawn]))
        boxes[index], features[index], logits[index] = drawn, seen, teacher.output(seen)
        if index % 100 == 0:
            print(f"{index} of {len(tiles)} tiles", flush=True)
    np.savez(options.output, names=tiles.names, classes=saved["classes"], boxes=boxes, features=features, logits=logits)


if __name__ == "__main__":
    main()
