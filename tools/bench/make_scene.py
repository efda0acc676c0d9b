"""Makes a large scene to be measured with: tiles of EuroSAT side by side, four bands of 16 bits, a COG in UTM.

    python make_scene.py EUROSAT OUTPUT.tif [SIDE_PX]
"""

import random
import sys
import tempfile
from pathlib import Path

import numpy as np
import rasterio
from PIL import Image
from rasterio.shutil import copy
from rasterio.transform import Affine
from rasterio.windows import Window

TILE_PX = 64
TILES = 200

eurosat, output = Path(sys.argv[1]), sys.argv[2]
side = int(sys.argv[3]) if len(sys.argv) > 3 else 10_000
chance = random.Random(3)
files = [file for kind in sorted(eurosat.iterdir()) if kind.is_dir() for file in sorted(kind.iterdir())[:40]]
tiles = [np.asarray(Image.open(file).convert("RGB")).astype("uint16").transpose(2, 0, 1) * 12 + 200 for file in chance.sample(files, TILES)]
profile = {"driver": "GTiff", "width": side, "height": side, "count": 4, "dtype": "uint16", "nodata": 0, "crs": "EPSG:32633"}
profile |= {"transform": Affine(10, 0, 500_000, 0, -10, 5_400_000), "tiled": True, "blockxsize": 256, "blockysize": 256, "interleave": "pixel"}
with tempfile.TemporaryDirectory(dir=Path(output).parent) as folder:
    plain = Path(folder) / "plain.tif"
    with rasterio.open(plain, "w", **profile) as raster:
        for top in range(0, side, TILE_PX):
            height = min(TILE_PX, side - top)
            row = np.zeros((4, height, side + TILE_PX), "uint16")
            for left in range(0, side, TILE_PX):
                red, green, blue = chance.choice(tiles)[:, :height]
                row[:, :, left : left + TILE_PX] = [blue, green, red, green]
            raster.write(row[:, :, :side], window=Window(0, top, side, height))
    copy(plain, output, driver="COG", compress="none", blocksize=256)
