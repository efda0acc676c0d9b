"""Writes a backbone whose weights lie between those of ImageNet and those of the runs.

    python average.py IMAGENET.safetensors OUTPUT.safetensors RUN/backbone.safetensors … [--share 0.5]

Keeping a part of what ImageNet knew makes features better for classes and sensors that no run has seen (Wortsman et al.,
"Robust fine-tuning of zero-shot models", 2022). Several runs are averaged with equal weight first ("Model soups", 2022).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from safetensors.torch import load_file, save_file

SHARE = 0.5


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("weights", type=Path)
    arguments.add_argument("output", type=Path)
    arguments.add_argument("runs", nargs="+", type=Path)
    arguments.add_argument("--share", type=float, default=SHARE, help="of the runs; the rest is ImageNet's")
    options = arguments.parse_args()

    beginning = load_file(options.weights)
    runs = [load_file(run) for run in options.runs]
    mixed = {}
    for name, value in beginning.items():
        # The count of batches that a batch norm has seen is no weight.
        if value.is_floating_point():
            learnt = sum(run[name] for run in runs) / len(runs)
            mixed[name] = (options.share * learnt + (1 - options.share) * value).contiguous()
    save_file(mixed, options.output)


if __name__ == "__main__":
    main()
