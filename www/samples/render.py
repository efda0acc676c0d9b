"""Draws the sample tiles of the page: synthetic ground, seen from above. No photograph is in them.

    pip install numpy pillow
    python render.py
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

FOLDER = Path(__file__).parent
SIDE_PX = 320
# Drawn larger and scaled down: the edges of a real sensor are soft.
SCALE = 3
CANVAS_PX = SIDE_PX * SCALE
JPEG_QUALITY = 85

generator = np.random.default_rng(20261124)
Colour = tuple[int, int, int]


def clouds(cells: int, octaves: int = 4) -> np.ndarray:
    """Fractal value noise of mean 0 and deviation 1, `[CANVAS_PX, CANVAS_PX]`."""
    total = np.zeros((CANVAS_PX, CANVAS_PX), np.float32)
    for octave in range(octaves):
        coarse = generator.normal(0, 1, (min(cells * 2**octave, CANVAS_PX),) * 2).astype(np.float32)
        total += np.asarray(Image.fromarray(coarse).resize((CANVAS_PX, CANVAS_PX), Image.Resampling.BICUBIC)) / 1.7**octave
    return (total - total.mean()) / total.std()


def ground(colour: Colour, mottle: float, cells: int = 5) -> Image.Image:
    pixels = np.array(colour, np.float32) + mottle * clouds(cells)[..., None] * np.array((1.0, 1.0, 0.8))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def jittered(colour: Colour, spread: float) -> Colour:
    shift = generator.normal(0, spread) + generator.normal(0, spread / 3, 3)
    return tuple(int(min(255, max(0, value))) for value in np.add(colour, shift))


def pick(colours: list[Colour]) -> Colour:
    return colours[generator.integers(len(colours))]


def corners(x: float, y: float, width: float, height: float, angle: float) -> list[tuple[float, float]]:
    cos, sin = math.cos(angle), math.sin(angle)
    halves = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    return [(x + (a * width * cos - b * height * sin) / 2, y + (a * width * sin + b * height * cos) / 2) for a, b in halves]


def between(start: tuple[float, float], end: tuple[float, float], share: float) -> tuple[float, float]:
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


def shadowed(image: Image.Image, polygon: list[tuple[float, float]], length: float) -> None:
    """The shadow of something on the polygon; the sun stands in the north-west."""
    shade = Image.new("L", image.size, 255)
    ImageDraw.Draw(shade).polygon([(x + length, y + length) for x, y in polygon], fill=110)
    image.paste(Image.composite(image, Image.new("RGB", image.size, (22, 26, 34)), shade.filter(ImageFilter.GaussianBlur(SCALE))))


def tree(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, colour: Colour) -> None:
    dark = tuple(int(value * 0.5) for value in colour)
    draw.ellipse([x - radius + radius * 0.35, y - radius + radius * 0.35, x + radius * 1.3, y + radius * 1.3], fill=dark)
    draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=colour)
    light = tuple(min(255, int(value * 1.25 + 6)) for value in colour)
    draw.ellipse([x - radius * 0.7, y - radius * 0.7, x + radius * 0.15, y + radius * 0.15], fill=light)


def road(draw: ImageDraw.ImageDraw, points: list[tuple[float, float]], width: float, colour: Colour = (128, 128, 126)) -> None:
    draw.line(points, fill=colour, width=int(width), joint="curve")


def roof(image: Image.Image, x: float, y: float, width: float, height: float, angle: float, colour: Colour, storey: float) -> None:
    outline = corners(x, y, width, height, angle)
    shadowed(image, outline, storey)
    draw = ImageDraw.Draw(image)
    draw.polygon(outline, fill=colour)
    # The half away from the sun is darker: a gable.
    a, b, c, d = outline
    middle = [((b[0] + c[0]) / 2, (b[1] + c[1]) / 2), ((a[0] + d[0]) / 2, (a[1] + d[1]) / 2)]
    draw.polygon([middle[1], middle[0], c, d], fill=tuple(int(value * 0.78) for value in colour))


def forest() -> Image.Image:
    image = ground((34, 52, 30), 8)
    draw = ImageDraw.Draw(image)
    density = clouds(4)
    for _ in range(5200):
        x, y = generator.uniform(0, CANVAS_PX, 2)
        if density[int(y), int(x)] > -1.7:
            tree(draw, x, y, generator.uniform(4, 8) * SCALE / 1.6, jittered((50, 82, 42), 11))
    return image


def field() -> Image.Image:
    image = ground((120, 128, 78), 6)
    draw = ImageDraw.Draw(image)
    crops = [(118, 142, 70), (164, 150, 96), (92, 122, 60), (142, 120, 84), (176, 168, 112)]
    angle = 0.16
    for row in range(-1, 6):
        x = -120.0
        while x < CANVAS_PX + 200:
            width = generator.uniform(150, 330)
            outline = corners(x + width / 2, row * 195 + 60 + x * angle, width - 7, 185, angle)
            colour = pick(crops)
            draw.polygon(outline, fill=jittered(colour, 6))
            for furrow in np.arange(0.02, 1, 0.035):
                left, right = (between(outline[side], outline[3 - side], furrow) for side in (0, 1))
                draw.line([left, right], fill=jittered(tuple(int(v * 0.93) for v in colour), 4), width=2)
            x += width
    road(draw, [(0, 640), (CANVAS_PX, 640 + CANVAS_PX * angle)], 12, (186, 172, 140))
    return image


def grass() -> Image.Image:
    image = ground((122, 142, 84), 13, 3)
    grain = clouds(90, 2)[..., None] * 7
    image = Image.fromarray((np.asarray(image, np.float32) + grain).clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    road(draw, [(x, 300 + 90 * math.sin(x / 260)) for x in range(-20, CANVAS_PX + 40, 20)], 8, (164, 156, 118))
    return image


def industry() -> Image.Image:
    image = ground((150, 148, 142), 7)
    draw = ImageDraw.Draw(image)
    for y in (310, 660):
        road(draw, [(0, y), (CANVAS_PX, y)], 44, (104, 104, 106))
    road(draw, [(510, 0), (510, CANVAS_PX)], 40, (104, 104, 106))
    colours = [(92, 126, 176), (206, 208, 206), (170, 176, 180), (86, 116, 160), (188, 120, 96)]
    for top in (20, 350, 700):
        for left, width in ((20, 210), (250, 225), (555, 190), (765, 175)):
            height = generator.uniform(180, 255)
            colour = jittered(pick(colours), 5)
            roof(image, left + width / 2, top + height / 2, width, height, 0, colour, 14)
            draw = ImageDraw.Draw(image)
            for seam in range(left + 12, left + width, 14):
                draw.line([(seam, top), (seam, top + height)], fill=tuple(int(v * 0.9) for v in colour), width=2)
            for _ in range(5):
                x, y = generator.uniform(left + 20, left + width - 30), generator.uniform(top + 15, top + height - 25)
                draw.rectangle([x, y, x + 16, y + 10], fill=(226, 228, 226))
    return image


def parking() -> Image.Image:
    image = ground((112, 112, 112), 5)
    paints = [(226, 226, 224), (40, 42, 46), (150, 154, 160), (150, 40, 38), (52, 74, 120), (206, 200, 186), (92, 96, 98)]
    for top in range(16, CANVAS_PX - 60, 118):
        draw = ImageDraw.Draw(image)
        for left in range(14, CANVAS_PX, 30):
            draw.line([(left - 3, top), (left - 3, top + 52)], fill=(206, 206, 200), width=2)
        for left in range(14, CANVAS_PX - 26, 30):
            if generator.random() < 0.84:
                paint = jittered(pick(paints), 7)
                body = corners(left + 11, top + 26 + generator.normal(0, 2), 19, 42, generator.normal(0, 0.02))
                draw.polygon([(x + 4, y + 4) for x, y in body], fill=(70, 70, 74))
                draw.polygon(body, fill=paint)
                x, y = body[0]
                draw.rectangle([x + 3, y + 11, x + 15, y + 16], fill=(40, 46, 54))
                draw.rectangle([x + 3, y + 32, x + 15, y + 35], fill=(40, 46, 54))
    draw = ImageDraw.Draw(image)
    for top in range(90, CANVAS_PX, 236):
        for left in range(40, CANVAS_PX, 130):
            tree(draw, left, top, 13, jittered((70, 98, 56), 8))
    return image


def residential() -> Image.Image:
    image = ground((112, 124, 86), 8)
    draw = ImageDraw.Draw(image)
    for offset in (150, 470, 790):
        road(draw, [(0, offset), (CANVAS_PX, offset + 40)], 30)
    road(draw, [(480, 0), (500, CANVAS_PX)], 30)
    roofs = [(166, 92, 72), (150, 80, 66), (138, 128, 120), (176, 112, 84), (120, 92, 82)]
    for line in (150, 470, 790):
        for side in (-74, 80):
            for x in range(46, CANVAS_PX, 98):
                if abs(x - 490) > 62:
                    y = line + side + x * 40 / CANVAS_PX
                    roof(image, x, y, generator.uniform(52, 66), generator.uniform(42, 56), 0.04, jittered(pick(roofs), 7), 8)
    draw = ImageDraw.Draw(image)
    for _ in range(520):
        x, y = generator.uniform(0, CANVAS_PX, 2)
        near = min(abs(y - x * 40 / CANVAS_PX - line - side) for line in (150, 470, 790) for side in (-74, 0, 80))
        if near > 34 and abs(x - 490) > 26:
            tree(draw, x, y, generator.uniform(7, 13), jittered((62, 92, 50), 10))
    return image


def river_lake() -> Image.Image:
    image = ground((104, 122, 78), 10)
    draw = ImageDraw.Draw(image)
    course = [(x, 430 + 150 * math.sin(x / 240) + 50 * math.sin(x / 90)) for x in range(-80, CANVAS_PX + 120, 12)]
    for _ in range(900):
        x, y = generator.uniform(0, CANVAS_PX, 2)
        tree(draw, x, y, generator.uniform(5, 10), jittered((62, 88, 50), 9))
    for width, colour in ((330, (150, 142, 108)), (300, (78, 98, 96)), (270, (58, 84, 90))):
        mask = Image.new("L", image.size, 0)
        brush = ImageDraw.Draw(mask)
        for x, y in course:
            brush.ellipse([x - width / 2, y - width / 2, x + width / 2, y + width / 2], fill=255)
        image.paste(ground(colour, 2.5), mask=mask.filter(ImageFilter.GaussianBlur(4)))
    return image


def finished(image: Image.Image) -> Image.Image:
    """Haze and sensor noise, at the size of a tile."""
    small = image.filter(ImageFilter.GaussianBlur(SCALE * 0.4)).resize((SIDE_PX, SIDE_PX), Image.Resampling.BOX)
    pixels = np.asarray(small, np.float32) * 0.95 + 8 + generator.normal(0, 3, (SIDE_PX, SIDE_PX, 1))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


if __name__ == "__main__":
    for scene in (field, forest, grass, industry, parking, residential, river_lake):
        name = f"synthetic-{scene.__name__.replace('_', '-')}.jpg"
        finished(scene()).save(FOLDER / name, quality=JPEG_QUALITY)
        print(name)
