"""Makes a large scene to be measured with: tiles of EuroSAT side by side, four bands of 16 bits, a COG in UTM.

    python make_scene.py EUROSAT OUTPUT.tif [--side 10000] [--rgb] [--compress none]

With --rgb it has three bands of 8 bits. --compress is GDAL's name of a codec.
"""

import argparse
import random
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

arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
arguments.add_argument("eurosat", type=Path)
arguments.add_argument("output")
arguments.add_argument("--side", type=int, default=10_000, help="width and height in pixels")
arguments.add_argument("--rgb", action="store_true")
arguments.add_argument("--compress", default="none")
options = arguments.parse_args()
eurosat, output, side = options.eurosat, options.output, options.side
bands, scale, shift, dtype = (3, 1, 0, "uint8") if options.rgb else (4, 12, 200, "uint16")

chance = random.Random(3)
files = [file for kind in sorted(eurosat.iterdir()) if kind.is_dir() for file in sorted(kind.iterdir())[:40]]
tiles = [np.asarray(Image.open(file).convert("RGB")).astype(dtype).transpose(2, 0, 1) * scale + shift for file in chance.sample(files, TILES)]
profile = {"driver": "GTiff", "width": side, "height": side, "count": bands, "dtype": dtype, "crs": "EPSG:32633"}
profile |= {"transform": Affine(10, 0, 500_000, 0, -10, 5_400_000), "tiled": True, "blockxsize": 256, "blockysize": 256, "interleave": "pixel"}
profile |= {"photometric": "RGB"} if options.rgb else {"nodata": 0}
with tempfile.TemporaryDirectory(dir=Path(output).parent) as folder:
    plain = Path(folder) / "plain.tif"
    with rasterio.open(plain, "w", **profile) as raster:
        for top in range(0, side, TILE_PX):
            height = min(TILE_PX, side - top)
            row = np.zeros((bands, height, side + TILE_PX), dtype)
            for left in range(0, side, TILE_PX):
                red, green, blue = chance.choice(tiles)[:, :height]
                row[:, :, left : left + TILE_PX] = [red, green, blue] if options.rgb else [blue, green, red, green]
            raster.write(row[:, :, :side], window=Window(0, top, side, height))
    copy(plain, output, driver="COG", compress=options.compress, blocksize=256)
