"""Draws crops of the training tiles and writes down what the teacher says of each.

    python lessons.py DATA_FOLDER MOBILENET_V2.tflite OUTPUT.npz --teacher TEACHER.pth
    python lessons.py DATA_FOLDER MOBILENET_V2.tflite OUTPUT.npz --classes grass parking river_lake

With a teacher, its features and its class logits; without, the features as ImageNet taught them. The crops are drawn
once, because the network is slow: the student sees them turned, mirrored and recoloured.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from augmentation import cropped, random_box
from imagenet_network import FEATURES, ImageNetNetwork
from teacher import SIDE_PX, Teacher, network_input
from tiles import class_names, load_split

SEED = 20261125
CROPS_PER_TILE = 16


@torch.no_grad()
def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name in ("data", "model", "output"):
        arguments.add_argument(name, type=Path)
    arguments.add_argument("--teacher", type=Path, help="what teacher.py wrote")
    arguments.add_argument("--classes", nargs="+", help="draw from these classes alone")
    options = arguments.parse_args()

    torch.manual_seed(SEED)
    classes = options.classes or class_names(options.data)
    teacher = Teacher(ImageNetNetwork(options.model), len(classes)).to(memory_format=torch.channels_last)
    if options.teacher:
        saved = torch.load(options.teacher, weights_only=True)
        if saved["classes"] != classes:
            raise SystemExit(f"{options.teacher} was trained on other classes: {saved['classes']}")
        teacher.load_state_dict(saved["weights"])
    teacher.eval()
    tiles = load_split(options.data, "train", classes)
    lessons = {
        "boxes": np.zeros((len(tiles), CROPS_PER_TILE, 4), np.int16),
        "features": np.zeros((len(tiles), CROPS_PER_TILE, FEATURES), np.float16),
    }
    if options.teacher:
        lessons["logits"] = np.zeros((len(tiles), CROPS_PER_TILE, len(classes)), np.float32)
    for index, image in enumerate(tiles.images):
        # The first is the whole tile, which is what the model will be asked about.
        boxes = [(0, 0, *image.shape[1:])] + [random_box(image) for _ in range(CROPS_PER_TILE - 1)]
        features = teacher.network(network_input([cropped(image, box, SIDE_PX) for box in boxes]))
        lessons["boxes"][index], lessons["features"][index] = boxes, features
        if options.teacher:
            lessons["logits"][index] = teacher.output(features)
        if index % 100 == 0:
            print(f"{index} of {len(tiles)} tiles", flush=True)
    np.savez(options.output, names=tiles.names, classes=classes, **lessons)


if __name__ == "__main__":
    main()
