"""What PyTorch and torchvision answer with the shipped weights: the figures that our own network is held against.

    python predict.py DATA_FOLDER LAYOUT_FOLDER BACKBONE.safetensors HEAD.safetensors OUTPUT.json

Reads the model files as any safetensors reader can, and classifies the test tiles that heads.py laid out.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch.nn import functional
from torchvision.io import ImageReadMode, decode_image
from torchvision.models import mobilenet_v3_small

from tiles import INPUT_SIDE_PX, normalised, resized

BATCH = 33


@torch.no_grad()
def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name in ("data", "layout", "backbone", "head", "output"):
        arguments.add_argument(name, type=Path)
    options = arguments.parse_args()

    weights = {name: value.float() for file in (options.backbone, options.head) for name, value in load_file(file).items()}
    with safe_open(options.head, "pt") as file:
        temperature = json.loads(file.metadata()["tilelens"])["temperature"]
    network = mobilenet_v3_small(weights=None)
    network.classifier = torch.nn.Identity()
    missing = network.load_state_dict({n: w for n, w in weights.items() if n.startswith("features.")}, strict=False)
    assert all(name.endswith("num_batches_tracked") for name in missing.missing_keys), missing
    network.eval()

    classes = sorted(folder.name for folder in (options.layout / "tiles").iterdir())
    names = (options.layout / "test.txt").read_text().split()
    rows, right = [], 0
    for start in range(0, len(names), BATCH):
        files = [(options.layout / "tiles" / name).resolve() for name in names[start : start + BATCH]]
        images = [resized(decode_image(str(file), ImageReadMode.RGB), INPUT_SIDE_PX) for file in files]
        features = network(normalised(torch.stack(images).float() / 255))
        hidden = functional.linear(features, weights["head.dense.weight"], weights["head.dense.bias"]).relu()
        logits = functional.linear(hidden, weights["head.output.weight"], weights["head.output.bias"])
        confidence, predicted = (logits / temperature).softmax(1).max(1)
        for file, name, p, c in zip(files, names[start : start + BATCH], predicted.tolist(), confidence.tolist()):
            right += classes[p] == name.split("/")[0]
            rows.append([str(file.relative_to(options.data.resolve())), name.split("/")[0], p, round(c, 4)])
    print(f"{right} of {len(rows)} right: {right / len(rows):.4f}")
    lines = ",\n".join(json.dumps(row) for row in rows)
    options.output.write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
