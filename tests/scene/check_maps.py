"""Opens maps as GDAL and PROJ do, beside the scenes that they are of, and says how far they are apart.

    python check_maps.py CELL_PX SCENE MAP [SCENE MAP]...

Prints a JSON object a map; fails where a map is not what it should be.
"""

import csv
import json
import logging
import sys
import warnings
import xml.etree.ElementTree as xml
from pathlib import Path

import numpy as np
import rasterio
from pyproj import CRS, Transformer
from rasterio.shutil import copy

# Of the class GeoTIFF: the colours of the first two classes.
COLOURS = {1: (0x4E, 0x79, 0xA7, 255), 2: (0xF2, 0x8E, 0x2C, 255)}


class Warnings(logging.Handler):
    """What GDAL says."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.said = []

    def emit(self, record):
        self.said.append(record.getMessage())


def category_names(path):
    """As GDAL understands them: its VRT driver writes down what it has read."""
    virtual = path.with_suffix(".vrt")
    copy(path, virtual, driver="VRT")
    names = [node.text or "" for node in xml.parse(virtual).iter("Category")]
    virtual.unlink()
    return names


def contains(ring, x, y):
    """Whether a point is in a ring, by the sides to the right of it."""
    inside = False
    for (x1, y1), (x2, y2) in zip(ring, ring[1:], strict=False):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def polygons(geometry):
    coordinates = geometry["coordinates"]
    return [coordinates] if geometry["type"] == "Polygon" else coordinates


def check_geojson(path, numbers, corners, to_lon_lat):
    """Every corner is PROJ's, and the middle of every cell lies in one feature, of its class."""
    features = json.loads(path.read_text())["features"]
    rows, columns = corners.shape[:2]
    lon, lat = to_lon_lat.transform(corners[..., 0].ravel(), corners[..., 1].ravel())
    expected = np.stack([(np.array(lon) + 180) % 360 - 180, lat], axis=-1)
    worst = 0.0
    for feature in features:
        for ring in [ring for polygon in polygons(feature["geometry"]) for ring in polygon]:
            assert ring[0] == ring[-1] and len(ring) >= 4, ring
            for point in ring:
                # Where a cell was cut there is no corner.
                if abs(abs(point[0]) - 180) > 1e-9:
                    apart = expected - point
                    apart[:, 0] = (apart[:, 0] + 180) % 360 - 180
                    worst = max(worst, np.abs(apart).max(axis=1).min())
    outlines = [(feature["properties"], polygon) for feature in features for polygon in polygons(feature["geometry"])]
    for row in range(rows - 1):
        for column in range(columns - 1):
            middle = corners[row : row + 2, column : column + 2].mean(axis=(0, 1))
            x, y = to_lon_lat.transform(*middle)
            x = (x + 180) % 360 - 180
            of = [properties["class_id"] for properties, rings in outlines if contains(rings[0], x, y) and not any(contains(hole, x, y) for hole in rings[1:])]
            expected_of = [numbers[row, column]] if numbers[row, column] else []
            assert of == expected_of, (path, column, row, of, expected_of)
    return worst


def check(scene_path, map_path, cell_px):
    said = Warnings()
    logging.getLogger("rasterio").addHandler(said)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with rasterio.open(scene_path) as scene, rasterio.open(map_path) as found:
            has_place = scene.transform != rasterio.Affine.identity()
            assert found.crs == (scene.crs if has_place else None), (found.crs, scene.crs)
            assert found.tags().get("AREA_OR_POINT") == scene.tags().get("AREA_OR_POINT") or not scene.crs
            assert found.dtypes == ("uint8",) and found.nodata == 0 and found.descriptions == ("class",)
            assert {number: found.colormap(1)[number] for number in COLOURS} == COLOURS
            numbers = found.read(1)
            columns, rows = found.width, found.height
            assert (columns, rows) == (-(-scene.width // cell_px), -(-scene.height // cell_px))
            pixel = np.stack(np.meshgrid(np.arange(columns + 1), np.arange(rows + 1)), axis=-1)
            place = lambda transform, at: np.stack(transform @ (at[..., 0], at[..., 1]), axis=-1)  # noqa: E731
            corners = place(found.transform, pixel)
            # In pixels of the scene, wherever that lies.
            apart = np.abs(place(~scene.transform, corners) - pixel * cell_px).max() if has_place else 0.0
            crs = scene.crs
        with rasterio.open(map_path.with_name(f"{map_path.stem}-confidence.tif")) as confidence:
            assert confidence.crs == (crs if has_place else None) and confidence.dtypes == ("float32",)
            scores = confidence.read(1, masked=True)
            assert (np.ma.getmaskarray(scores) == (numbers == 0)).all()
            assert scores.min() > 0 and scores.max() <= 1
    names = category_names(map_path)
    geojson, to_lon_lat, worst = map_path.with_suffix(".geojson"), None, None
    if crs and has_place:
        to_lon_lat = Transformer.from_crs(CRS.from_wkt(crs.to_wkt()), 4326, always_xy=True)
    if geojson.exists():
        worst = check_geojson(geojson, numbers, corners, to_lon_lat)
    with open(map_path.with_suffix(".csv"), newline="") as file:
        table = list(csv.DictReader(file))
    assert [int(row["class_id"] or 0) for row in table] == numbers.ravel().tolist()
    for index, row in enumerate(table):
        middle = corners[index // columns : index // columns + 2, index % columns : index % columns + 2].mean(axis=(0, 1))
        if row["x"]:
            assert np.abs(middle - [float(row["x"]), float(row["y"])]).max() < 1e-3, row
        if row["longitude"]:
            lon_lat = np.array(to_lon_lat.transform(*middle)) - [float(row["longitude"]), float(row["latitude"])]
            worst = max(worst, abs((lon_lat[0] + 180) % 360 - 180), abs(lon_lat[1]))
    return {
        "map": map_path.name,
        "pixels_apart": float(apart),
        "degrees_apart": worst,
        "names": names,
        "warnings": said.said + [str(warning.message) for warning in caught],
        "cells": int((numbers > 0).sum()),
    }


if __name__ == "__main__":
    pairs = list(zip(sys.argv[2::2], sys.argv[3::2], strict=True))
    for scene, map_of_it in pairs:
        print(json.dumps(check(Path(scene), Path(map_of_it), int(sys.argv[1]))))
