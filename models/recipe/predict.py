"""What PyTorch and torchvision answer with the shipped weights: the figures that our own network is held against.

    python predict.py DATA_FOLDER MODEL.safetensors OUTPUT.json

Reads the model file as any safetensors reader can, and classifies the test split.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from safetensors import safe_open
from torch.nn import functional
from torchvision.models import mobilenet_v3_small

from tiles import class_names, load_split, whole

INPUT_SIDE_PX = 224
BATCH = 33


@torch.no_grad()
def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name in ("data", "model", "output"):
        arguments.add_argument(name, type=Path)
    options = arguments.parse_args()

    with safe_open(options.model, "pt") as file:
        weights = {name: file.get_tensor(name).float() for name in file.keys()}
        temperature = json.loads(file.metadata()["tilelens"]).get("temperature", 1.0)
    backbone = mobilenet_v3_small(weights=None)
    backbone.classifier = torch.nn.Identity()
    missing = backbone.load_state_dict({n: w for n, w in weights.items() if n.startswith("features.")}, strict=False)
    assert all(name.endswith("num_batches_tracked") for name in missing.missing_keys), missing
    backbone.eval()

    test = load_split(options.data, "test", class_names(options.data))
    logits = []
    for start in range(0, len(test), BATCH):
        features = backbone(whole(test.images[start : start + BATCH], INPUT_SIDE_PX))
        hidden = functional.linear(features, weights["head.dense.weight"], weights["head.dense.bias"]).relu()
        logits.append(functional.linear(hidden, weights["head.output.weight"], weights["head.output.bias"]))
    confidence, predicted = (torch.cat(logits) / temperature).softmax(1).max(1)
    right = int((predicted == test.labels).sum())
    print(f"{right} of {len(test)} right: {right / len(test):.4f}")
    rows = [[name, int(p), round(float(c), 4)] for name, p, c in zip(test.names, predicted, confidence)]
    lines = ",\n".join(json.dumps(row) for row in rows)
    options.output.write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
