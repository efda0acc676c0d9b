"""Classify a folder of tiles with an exported ONNX model, by Ray Data: on this machine's cores or on a cluster."""

import argparse
import io
import json
import math
import os
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pyarrow as pa
import pyarrow.csv
import pyarrow.fs
import pyarrow.parquet
import ray
from PIL import Image, ImageOps, UnidentifiedImageError

# Tilelens's own limits: a larger image is to be cut into tiles first, a smaller one holds nothing to classify.
MAX_PIXELS = 50_000_000
MIN_SIDE_PX = 8
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")


class Model:
    """An exported model: its session, its labels and how it wants its tiles."""

    def __init__(self, onnx: bytes):
        options = onnxruntime.SessionOptions()
        # Ray gives an actor one core; more threads would take those of its neighbours.
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
        metadata = self.session.get_modelmeta().custom_metadata_map
        if "tilelens.labels" not in metadata:
            raise ValueError("it carries no labels: `tilelens export` writes a file that does")
        self.labels = json.loads(metadata["tilelens.labels"])
        self.preprocessing = json.loads(metadata["tilelens.preprocessing"])

    def schema(self) -> pa.Schema:
        """The columns of `tilelens classify`, but for what only the program knows of a tile's pixels."""
        reserved = {"file", "class", "confidence", "error"}
        # ImageNet has two classes called "crane"; a column has one name.
        columns = [
            label if self.labels.count(label) == 1 and label not in reserved else f"{label} ({index})"
            for index, label in enumerate(self.labels)
        ]
        return pa.schema(
            [("file", pa.string()), ("class", pa.string()), ("confidence", pa.float32())]
            + [(column, pa.float32()) for column in columns]
            + [("error", pa.string())]
        )

    def image(self, data: bytes) -> np.ndarray:
        """The bytes of an image file → `[3, crop_px, crop_px]`, values from 0 to 255."""
        resize_px, crop_px = self.preprocessing["resize_px"], self.preprocessing["crop_px"]
        tile = decode(data)
        width, height = (resize_px * side // min(tile.size) for side in tile.size)
        # The part of the tile that the centre crop shows once the shorter side is scaled: only that is computed, so
        # that a long strip needs no memory. Python's `round` takes halves to the even neighbour, as torchvision does.
        left, top = round((width - crop_px) / 2), round((height - crop_px) / 2)
        step_x, step_y = tile.width / width, tile.height / height
        right, bottom = (left + crop_px) * step_x, (top + crop_px) * step_y
        box = (left * step_x, top * step_y, min(right, tile.width), min(bottom, tile.height))
        crop = tile.resize((crop_px, crop_px), Image.Resampling.BILINEAR, box=box)
        return np.asarray(crop, dtype=np.float32).transpose(2, 0, 1)

    def probabilities(self, images: list[np.ndarray]) -> np.ndarray:
        """`[batch, 3, crop_px, crop_px]` → `[batch, classes]`."""
        return self.session.run(["probabilities"], {"images": np.stack(images)})[0]


def decode(data: bytes) -> Image.Image:
    """The bytes of an image file → 8-bit RGB, upright, transparent parts on white."""
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        raise ValueError(f"it is none of {', '.join(FORMATS)}") from None
    if image.width * image.height > MAX_PIXELS:
        raise ValueError(f"{image.width} × {image.height} pixels are too many: cut it into tiles first")
    if min(image.size) < MIN_SIDE_PX:
        raise ValueError(f"{image.width} × {image.height} pixels are too few to classify")
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16"):
        # Pillow would cut 16 bits off at 255 instead of scaling them.
        image = Image.fromarray(((np.asarray(image, dtype=np.uint32) + 128) // 257).astype(np.uint8))
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    return image.convert("RGB")


class TileClassifier:
    """What each of Ray's actors holds: the model, ready to answer batch after batch."""

    def __init__(self, onnx: bytes, filesystem: pa.fs.FileSystem, folder: str):
        self.model = Model(onnx)
        self.filesystem = filesystem
        self.folder = folder

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Files → the rows of `Model.schema`, in the same order."""
        schema, labels = self.model.schema(), self.model.labels
        images, errors = [], []
        for file in batch["file"].to_pylist():
            try:
                images.append(self.image(file))
                errors.append(None)
            except Exception as error:  # Whatever is wrong with a file stands in its row and stops no other.
                errors.append(str(error) or type(error).__name__)
        answers = iter(self.model.probabilities(images) if images else ())
        rows = []
        for file, error in zip(batch["file"].to_pylist(), errors):
            if error is None:
                answer = next(answers)
                top = int(answer.argmax())
                rows.append((file, labels[top], answer[top], *answer, None))
            else:
                rows.append((file, None, None, *[None] * len(labels), error))
        return pa.table([pa.array(column, kind) for column, kind in zip(zip(*rows), schema.types)], schema=schema)

    def image(self, file: str) -> np.ndarray:
        with self.filesystem.open_input_stream(f"{self.folder}/{file}") as stream:
            return self.model.image(stream.read())


def list_files(folder: str) -> tuple[pa.fs.FileSystem, str, list[str]]:
    """The folder's file system, its path there, and the paths of the files in it, relative and sorted."""
    uri = folder if "://" in folder else os.path.abspath(folder)
    filesystem, root = pa.fs.FileSystem.from_uri(uri)
    root = root.rstrip("/")
    found = filesystem.get_file_info(pa.fs.FileSelector(root, recursive=True))
    files = (info.path.removeprefix(f"{root}/") for info in found if info.is_file)
    return filesystem, root, sorted(files)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="an ONNX file that `tilelens export` wrote")
    parser.add_argument("folder", help="a folder of tiles that every node can read, such as s3://bucket/tiles")
    parser.add_argument("output", type=Path, help="the .csv or .parquet file to write, one row a tile")
    parser.add_argument("--batch-size", type=int, default=32, help="tiles that the network sees at once")
    parser.add_argument("--concurrency", type=int, default=os.cpu_count(), help="actors at most, one core each")
    return parser.parse_args()


def main() -> None:
    args = arguments()
    writers = {".csv": pa.csv.CSVWriter, ".parquet": pa.parquet.ParquetWriter}
    if args.output.suffix not in writers:
        sys.exit(f"{args.output} is none of .csv, .parquet")
    try:
        onnx = args.model.read_bytes()
        schema = Model(onnx).schema()
    except Exception as error:
        sys.exit(f"{args.model} is not usable: {error}")
    filesystem, folder, files = list_files(args.folder)
    if not files:
        sys.exit(f"{args.folder} holds no file")

    # In the order of the files, whichever actor is the first to end.
    ray.data.DataContext.get_current().execution_options.preserve_order = True
    tiles = ray.data.from_items(
        [{"file": file} for file in files], override_num_blocks=math.ceil(len(files) / args.batch_size)
    )
    answers = tiles.map_batches(
        TileClassifier,
        fn_constructor_args=(onnx, filesystem, folder),
        batch_size=args.batch_size,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=args.concurrency),
    )
    failed = 0
    with writers[args.output.suffix](args.output, schema) as writer:
        for table in answers.iter_batches(batch_size=None, batch_format="pyarrow"):
            writer.write_table(table)
            failed += len(table) - table["error"].null_count
    print(f"{args.output}: {len(files)} tiles")
    if failed:
        sys.exit(f"{failed} of {len(files)} files gave no class: their error says why")


if __name__ == "__main__":
    main()
