"""Writes splits/{train,validation,test}.txt: file names, seeded, with near-duplicates kept on one side.

    python split.py DATA_FOLDER

Two tiles are near-duplicates where their thumbnails correlate, in any of the eight orientations.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
from PIL import Image

from tiles import SPLITS_FOLDER, class_names

SEED = 20261124
VALIDATION_SHARE, TEST_SHARE = 0.10, 0.15
THUMBNAIL_PX = 24
# Pairs above it were looked at: the same ground, shifted or in another light. Below it they only look alike.
DUPLICATE_CORRELATION = 0.90


def thumbnail(path: Path) -> np.ndarray:
    """Colour thumbnail `[THUMBNAIL_PX, THUMBNAIL_PX, 3]` of mean 0 and norm 1."""
    image = Image.open(path).convert("RGB").resize((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.BOX)
    values = np.asarray(image, np.float32)
    values = values - values.mean()
    return values / max(float(np.linalg.norm(values)), 1e-6)


def orientations(image: np.ndarray) -> list[np.ndarray]:
    turned = [np.rot90(image, quarter) for quarter in range(4)]
    return turned + [view[:, ::-1] for view in turned]


def duplicate_groups(thumbnails: np.ndarray) -> list[list[int]]:
    """Connected components of the near-duplicate relation, as lists of indices."""
    count = len(thumbnails)
    flat = thumbnails.reshape(count, -1)
    similarity = np.full((count, count), -1.0, np.float32)
    for view in range(8):
        turned = np.stack([orientations(image)[view] for image in thumbnails]).reshape(count, -1)
        np.maximum(similarity, flat @ turned.T, out=similarity)

    parent = list(range(count))

    def root(index: int) -> int:
        while parent[index] != index:
            index = parent[index]
        return index

    for a, b in np.argwhere(similarity >= DUPLICATE_CORRELATION):
        if a < b:
            parent[root(int(b))] = root(int(a))
    groups = defaultdict(list)
    for index in range(count):
        groups[root(index)].append(index)
    return list(groups.values())


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("data", type=Path)
    data = arguments.parse_args().data

    names = [f"{c}/{file.name}" for c in class_names(data) for file in sorted((data / c).glob("*.jpg"))]
    groups = duplicate_groups(np.stack([thumbnail(data / name) for name in names]))
    print(len(names), "tiles in", len(groups), "groups; the largest:", sorted(map(len, groups))[-5:])

    # A stratum is a class at one ground scale: RSSCN7 numbers each hundred of a class by scale.
    strata = defaultdict(list)
    for group in groups:
        first = names[group[0]]
        strata[first.split("/")[0], (int(first[-7:-4]) - 1) // 100].append(group)
    splits: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    generator = np.random.default_rng(SEED)
    for stratum in sorted(strata):
        members = strata[stratum]
        total = sum(map(len, members))
        quota = {"test": round(total * TEST_SHARE), "validation": round(total * VALIDATION_SHARE)}
        for index in generator.permutation(len(members)):
            group = members[index]
            # Large groups go to training, where a repeated tile inflates no figure.
            split = next((s for s, left in quota.items() if len(group) <= min(left, 2)), "train")
            if split in quota:
                quota[split] -= len(group)
            splits[split] += [names[member] for member in group]

    SPLITS_FOLDER.mkdir(exist_ok=True)
    for split, members in splits.items():
        (SPLITS_FOLDER / f"{split}.txt").write_text("\n".join(sorted(members)) + "\n")
        print(split, len(members))


if __name__ == "__main__":
    main()
