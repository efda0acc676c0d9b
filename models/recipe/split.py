"""Writes splits/SET.validation.txt and splits/SET.test.txt: names of tiles, seeded, with near-duplicates kept on one
side. Whatever is in neither list is for training.

    python split.py DATA_FOLDER [SET …]

Two tiles are near-duplicates where their thumbnails correlate, in any of the eight orientations.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
from PIL import Image

from tiles import SETS, SPLITS_FOLDER, class_names

SEED = 20261124
VALIDATION_SHARE, TEST_SHARE = 0.10, 0.15
THUMBNAIL_PX = 24
# Pairs of RSSCN7 above it were looked at: the same ground, shifted or in another light. Below it they only look alike.
DUPLICATE_CORRELATION = 0.90
ROWS_AT_ONCE = 1000


def thumbnail(path: Path) -> np.ndarray:
    """Colour thumbnail `[THUMBNAIL_PX, THUMBNAIL_PX, 3]` of mean 0 and norm 1."""
    image = Image.open(path).convert("RGB").resize((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.BOX)
    values = np.asarray(image, np.float32)
    # Each colour on its own: else two tiles of one tint correlate, whatever is on them.
    values = values - values.mean((0, 1))
    return values / max(float(np.linalg.norm(values)), 1e-6)


def orientations(images: np.ndarray) -> list[np.ndarray]:
    """`[tiles, side, side, 3]` in the eight flips and right-angle turns."""
    turned = [np.rot90(images, quarter, (1, 2)) for quarter in range(4)]
    return turned + [view[:, :, ::-1] for view in turned]


def duplicate_groups(thumbnails: np.ndarray) -> list[list[int]]:
    """Connected components of the near-duplicate relation, as lists of indices."""
    count = len(thumbnails)
    flat = thumbnails.reshape(count, -1)
    parent = list(range(count))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for view in orientations(thumbnails):
        turned = view.reshape(count, -1).T
        for start in range(0, count, ROWS_AT_ONCE):
            similar = flat[start : start + ROWS_AT_ONCE] @ turned >= DUPLICATE_CORRELATION
            for a, b in np.argwhere(similar):
                if start + a < b:
                    parent[root(int(b))] = root(int(start + a))
    groups = defaultdict(list)
    for index in range(count):
        groups[root(index)].append(index)
    return list(groups.values())


def stratum(name: str, set_name: str) -> tuple[str, int]:
    """The class, and for RSSCN7, which numbers each hundred of a class by its ground scale, that scale too."""
    return name.split("/")[0], (int(name[-7:-4]) - 1) // 100 if set_name == "rsscn7" else 0


def split(data: Path, set_name: str) -> None:
    folder = data / set_name
    names = [f"{c}/{file.name}" for c in class_names(folder) for file in sorted((folder / c).glob("*.jpg"))]
    groups = duplicate_groups(np.stack([thumbnail(folder / name) for name in names]))
    print(set_name, len(names), "tiles in", len(groups), "groups; the largest:", sorted(map(len, groups))[-5:])

    strata = defaultdict(list)
    for group in groups:
        strata[stratum(names[group[0]], set_name)].append(group)
    chosen: dict[str, list[str]] = {"validation": [], "test": []}
    generator = np.random.default_rng(SEED)
    for key in sorted(strata):
        members = strata[key]
        total = sum(map(len, members))
        quota = {"test": round(total * TEST_SHARE), "validation": round(total * VALIDATION_SHARE)}
        for index in generator.permutation(len(members)):
            group = members[index]
            # Large groups go to training, where a repeated tile inflates no figure.
            part = next((part for part, left in quota.items() if len(group) <= min(left, 2)), None)
            if part:
                quota[part] -= len(group)
                chosen[part] += [names[member] for member in group]

    SPLITS_FOLDER.mkdir(exist_ok=True)
    for part, members in chosen.items():
        (SPLITS_FOLDER / f"{set_name}.{part}.txt").write_text("\n".join(sorted(members)) + "\n")
        print(set_name, part, len(members))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("data", type=Path)
    arguments.add_argument("sets", nargs="*", default=list(SETS), metavar="SET")
    options = arguments.parse_args()
    for set_name in options.sets:
        split(options.data, set_name)


if __name__ == "__main__":
    main()
