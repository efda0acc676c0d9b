"""Makes the scenes that `tests/export/map.test.mjs` maps, in a folder of its own.

    python make_scenes.py FOLDER [EUROSAT]

`places/` has a small scene for each way to lie on Earth. `tiles.tif`, if there is a folder of EuroSAT's tiles, is a
scene laid out of them: four bands of 16 bits, a border without data, UTM, a COG; `truth.csv` has the class of each cell.
`rgb.tif` is the same picture in 8 bits, and `rgb/` has its cells as files.
"""

import csv
import sys
import warnings
from pathlib import Path

import numpy as np
import rasterio
from PIL import Image
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp
from rasterio.shutil import copy
from rasterio.transform import Affine

TILE_PX, A_CLASS = 64, 12
# As the model calls them, by the folders of the set.
CLASSES = {
    "AnnualCrop": "Annual crop",
    "Forest": "Forest",
    "HerbaceousVegetation": "Herbaceous vegetation",
    "Highway": "Highway",
    "Industrial": "Industrial",
    "Pasture": "Pasture",
    "PermanentCrop": "Permanent crop",
    "Residential": "Residential",
    "River": "River",
    "SeaLake": "Sea/lake",
}
NORTH_UP = Affine(10, 0, 500_000, 0, -10, 5_400_000)
TEST_TILES = Path(__file__).parents[2] / "models/recipe/splits/eurosat.test.txt"

warnings.filterwarnings("ignore", category=rasterio.errors.NotGeoreferencedWarning)


def write(path, bands, tags=None, gcps=None, **options):
    height, width = bands.shape[1:]
    profile = {"driver": "GTiff", "width": width, "height": height, "count": len(bands), "dtype": bands.dtype}
    with rasterio.open(path, "w", **profile, **options) as raster:
        raster.write(bands)
        if tags is not None:
            raster.update_tags(**tags)
        if gcps is not None:
            raster.gcps = gcps


def places(folder):
    folder.mkdir(parents=True)
    noise = np.random.default_rng(7).integers(0, 255, (3, 80, 110)).astype("uint8")
    noise[:, 32:64, 32:64] = 0
    scenes = {
        "north-up": {"crs": "EPSG:32633", "transform": NORTH_UP},
        "south-up": {"crs": "EPSG:32755", "transform": Affine(10, 0, 500_000, 0, 10, 5_400_000)},
        "turned": {"crs": "EPSG:32633", "transform": NORTH_UP @ Affine.rotation(30)},
        "sheared": {"crs": "EPSG:25832", "transform": NORTH_UP @ Affine.shear(10, 4)},
        "point": {"crs": "EPSG:32633", "transform": NORTH_UP, "tags": {"AREA_OR_POINT": "Point"}},
        "mercator": {"crs": "EPSG:3857", "transform": Affine(19.1, 0, 1.4e6, 0, -19.1, 6.8e6)},
        "degrees": {"crs": "EPSG:4326", "transform": Affine(0.001, 0, 13, 0, -0.0005, 52)},
        "date-line": {"crs": "EPSG:4326", "transform": Affine(0.01, 0, 179.5, 0, -0.01, -17)},
        "date-line-utm": {"crs": "EPSG:32601", "transform": Affine(100, 0, 163_000, 0, -100, 20_000)},
        "unknown-crs": {"crs": "EPSG:2154", "transform": Affine(10, 0, 650_000, 0, -10, 6_860_000)},
        "no-crs": {"transform": NORTH_UP},
        "no-place": {},
        "control-points": {
            "crs": "EPSG:32633",
            "gcps": ([GroundControlPoint(row, column, 5e5 + column, 5e6 - row) for row, column in [(0, 0), (0, 9), (9, 0), (9, 9)]], "EPSG:32633"),
        },
    }
    for name, options in scenes.items():
        write(folder / f"{name}.tif", noise, nodata=0, photometric="RGB", **options)
    write(folder / "world-file.tif", noise, nodata=0, photometric="RGB")
    (folder / "world-file.tfw").write_text("10\n0\n0\n-10\n500005\n5399995\n")
    Image.fromarray(noise.transpose(1, 2, 0)).save(folder / "picture.jpg", quality=95)
    (folder / "picture.jgw").write_text("10\n0\n0\n-10\n500005\n5399995\n")


def tiles(folder, eurosat):
    names = TEST_TILES.read_text().split()
    rows = []
    for name in CLASSES:
        some = [tile for tile in names if tile.startswith(f"{name}/") and (eurosat / tile).is_file()]
        rows.append([np.asarray(Image.open(eurosat / tile).convert("RGB")) for tile in some[:A_CLASS]])
        assert len(rows[-1]) == A_CLASS, name
    picture = np.concatenate([np.concatenate(row, axis=1) for row in rows]).transpose(2, 0, 1)
    height, width = picture.shape[1:]

    # A column and a row of cells without data, and edges that cut cells.
    red, green, blue = picture.astype("uint16") * 12 + 200
    scene = np.zeros((4, height + TILE_PX + 24, width + TILE_PX + 40), "uint16")
    scene[:, TILE_PX : TILE_PX + height, TILE_PX : TILE_PX + width] = [blue, green, red, green]
    write(folder / "plain.tif", scene, crs="EPSG:32633", transform=NORTH_UP, nodata=0)
    copy(folder / "plain.tif", folder / "tiles.tif", driver="COG", compress="deflate", blocksize=256)
    (folder / "plain.tif").unlink()
    with open(folder / "truth.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["column", "row", "class"])
        for row, name in enumerate(CLASSES.values()):
            writer.writerows([column + 1, row + 1, name] for column in range(A_CLASS))

    write(folder / "rgb.tif", picture, photometric="RGB", tiled=True, blockxsize=256, blockysize=256, compress="deflate")
    (folder / "rgb").mkdir()
    for row in range(len(rows)):
        for column in range(A_CLASS):
            cell = picture[:, row * TILE_PX : (row + 1) * TILE_PX, column * TILE_PX : (column + 1) * TILE_PX]
            write(folder / "rgb" / f"{column}-{row}.tif", cell, photometric="RGB")


if __name__ == "__main__":
    target = Path(sys.argv[1])
    places(target / "places")
    if len(sys.argv) > 2:
        tiles(target, Path(sys.argv[2]))
