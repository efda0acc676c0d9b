"""Writes the pictures of tools/clip.mjs as an animated WebP: each cut to what the camera sees, and shown as long as it says.

    python tools/clip.py frames.json clip.webp
"""

import json
import sys

from PIL import Image

SIZE_PX = (960, 600)
QUALITY = 72
MOST_BYTES = 3_000_000


def frames(described):
    """The pictures and how long each is shown; those that do not differ are shown as one."""
    pictures, durations_ms = [], []
    for frame in described:
        x, y, width = frame["camera"]
        box = (x, y, x + width, y + width * SIZE_PX[1] / SIZE_PX[0])
        with Image.open(frame["file"]) as picture:
            seen = picture.convert("RGB").resize(SIZE_PX, Image.Resampling.LANCZOS, box=box)
        if pictures and seen.tobytes() == pictures[-1].tobytes():
            durations_ms[-1] += frame["ms"]
        else:
            pictures.append(seen)
            durations_ms.append(frame["ms"])
    return pictures, durations_ms


def main(script, target):
    with open(script, encoding="utf-8") as file:
        pictures, durations_ms = frames(json.load(file))
    first, *others = pictures
    first.save(target, save_all=True, append_images=others, duration=durations_ms, loop=0, quality=QUALITY, method=6)
    with open(target, "rb") as file:
        size = len(file.read())
    print(f"{target}: {len(pictures)} frames, {sum(durations_ms) / 1000:.1f} s, {size / 1e6:.2f} MB")
    if size > MOST_BYTES:
        sys.exit(f"More than {MOST_BYTES / 1e6:.0f} MB: lower QUALITY, or show less.")


if __name__ == "__main__":
    main(*sys.argv[1:])
