"""Draws tiles for the clip of the page, a folder for each class: the ground of the samples, each time from elsewhere.

    python draw_tiles.py FOLDER COUNT
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "www/samples"))
import render  # noqa: E402

SIDE_PX = 224
CLASSES = {
    "Forest": render.forest,
    "Town": render.residential,
    "Water": render.river_lake,
    "Fields": render.field,
    "Meadow": render.grass,
}


def seen(ground: Image.Image, random: np.random.Generator) -> Image.Image:
    """A part of the ground, turned or mirrored, at another time of the day."""
    picture = render.finished(ground)
    side = int(picture.width * random.uniform(0.6, 0.95))
    left, top = random.integers(0, picture.width - side, 2, endpoint=True)
    part = picture.crop((left, top, left + side, top + side)).resize((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
    part = part.transpose(random.choice(list(Image.Transpose)))
    light = random.normal(1, 0.06) * random.normal(1, 0.02, 3)
    return Image.fromarray((np.asarray(part) * light).clip(0, 255).astype("uint8"))


if __name__ == "__main__":
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    random = np.random.default_rng(7)
    for name, draw in CLASSES.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            seen(draw(), random).save(folder / name / f"{number:02}.jpg", quality=90)
