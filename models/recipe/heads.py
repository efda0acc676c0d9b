"""Lays out the tiles of a head that is shipped: a folder a class, and lists of names for training, validation and test.

    python heads.py DATA_FOLDER overhead-scenes|sentinel-2 OUTPUT_FOLDER

Classes of two sets that mean the same are one. OUTPUT_FOLDER/tiles holds links to the tiles, OUTPUT_FOLDER/labels.txt the
names for people in the order of the folders, OUTPUT_FOLDER/{train,validation,test}.txt the split.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from tiles import class_names, held_out

# RSSCN7's residential and river_lake are left out: AID parts what they join, by density, and rivers from ponds.
SAME_AS_AID = {"field": "Farmland", "forest": "Forest", "grass": "Meadow", "industry": "Industrial", "parking": "Parking"}
HEADS = ("overhead-scenes", "sentinel-2")


def members(data: Path, head: str) -> dict[str, list[tuple[str, str]]]:
    """For each class of the head the classes that it is made of, as set and folder."""
    if head == "sentinel-2":
        return {name: [("eurosat", name)] for name in class_names(data / "eurosat")}
    classes = {name: [("aid", name)] for name in class_names(data / "aid")}
    for name, same in SAME_AS_AID.items():
        classes[same].append(("rsscn7", name))
    return classes


def label(name: str) -> str:
    """`BareLand` → `Bare land`."""
    if name == "SeaLake":
        return "Sea/lake"
    return re.sub(r"(?<=[a-z])([A-Z])", r" \1", name).capitalize()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("data", type=Path)
    arguments.add_argument("head", choices=HEADS)
    arguments.add_argument("output", type=Path)
    options = arguments.parse_args()

    parts: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    classes = members(options.data.resolve(), options.head)
    for name, sources in classes.items():
        folder = options.output / "tiles" / name
        folder.mkdir(parents=True, exist_ok=True)
        for set_name, source in sources:
            out = {part: held_out(set_name, part) for part in ("validation", "test")}
            for tile in sorted((options.data.resolve() / set_name / source).glob("*.jpg")):
                part = next((part for part, names in out.items() if f"{source}/{tile.name}" in names), "train")
                link = folder / f"{set_name}-{tile.name}"
                if not link.is_symlink():
                    link.symlink_to(tile)
                parts[part].append(f"{name}/{link.name}")
    for part, names in parts.items():
        (options.output / f"{part}.txt").write_text("\n".join(names) + "\n")
    (options.output / "labels.txt").write_text("\n".join(label(name) for name in sorted(classes)) + "\n")
    print(options.head, {part: len(names) for part, names in parts.items()})


if __name__ == "__main__":
    main()
