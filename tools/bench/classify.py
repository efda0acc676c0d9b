"""Times a folder of tiles from files to a table of classes: `tilelens classify`, onnxruntime and PyTorch.

    cargo build --release --bin tilelens
    python tools/bench/classify.py [--tiles 2000] [--rounds 3] [--threads 1 2] [--json FILE]

Each program runs as a process of its own, from its start to its last row, on tiles that are drawn here. The Python needs
numpy and Pillow, and onnxruntime, torch and torchvision where they are to be timed; what is missing is left out. PyTorch
reads by a DataLoader with a worker for each core, onnxruntime by a pool of as many processes, which is the fastest that we
know for either. The answers are compared before anything is printed.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "models"
BATCH = 32
SIDE_PX = 256
# Probabilities of the same tile differ by less: JPEG decoders and scalings round differently.
TOLERANCE = 0.05


def draw(folder: Path, count: int) -> None:
    """JPEG tiles of 256 pixels, each with blotches of its own in the colours of the ground."""
    import numpy as np
    from PIL import Image

    random = np.random.default_rng(7)
    for index in range(count):
        cells = random.integers(4, 24)
        coarse = random.integers(20, 200, (cells, cells, 3)).astype(np.uint8)
        image = Image.fromarray(coarse).resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC)
        noise = random.normal(0, 12, (SIDE_PX, SIDE_PX, 1))
        pixels = np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{index:05}.jpg", quality=88)


def image(path: str, resize_px: int, crop_px: int):
    """A file → `[3, crop_px, crop_px]`, values from 0 to 255, scaled and cut as by torchvision."""
    import numpy as np
    from PIL import Image

    tile = Image.open(path).convert("RGB")
    width, height = (resize_px * side // min(tile.size) for side in tile.size)
    left, top = round((width - crop_px) / 2), round((height - crop_px) / 2)
    scaled = tile.resize((width, height), Image.Resampling.BILINEAR)
    crop = scaled.crop((left, top, left + crop_px, top + crop_px))
    return np.asarray(crop, dtype=np.float32).transpose(2, 0, 1)


def write_rows(output: str, files: list[str], labels: list[str], probabilities) -> None:
    with open(output, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "class", "confidence", *labels])
        for name, row in zip(files, probabilities):
            top = int(row.argmax())
            writer.writerow([name, labels[top], f"{row[top]:.6f}", *(f"{value:.6f}" for value in row)])


def run_onnxruntime(files: list[str], model: Path, threads: int, output: str) -> None:
    from concurrent.futures import ProcessPoolExecutor
    from functools import partial

    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(model.with_suffix(".onnx")), options, providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    labels, sizes = json.loads(metadata["tilelens.labels"]), json.loads(metadata["tilelens.preprocessing"])
    read = partial(image, resize_px=sizes["resize_px"], crop_px=sizes["crop_px"])
    answers = []

    def answer(images) -> None:
        answers.append(session.run(["probabilities"], {"images": np.stack(images)})[0])

    def in_batches(images) -> None:
        batch = []
        for found in images:
            batch.append(found)
            if len(batch) == BATCH:
                answer(batch)
                batch = []
        if batch:
            answer(batch)

    if threads == 1:
        in_batches(map(read, files))
    else:
        with ProcessPoolExecutor(threads) as pool:
            in_batches(pool.map(read, files, chunksize=BATCH))
    write_rows(output, files, labels, np.concatenate(answers))


def weights(path: Path):
    """A safetensors file of 32-bit numbers → its tensors by name, and what it says of itself."""
    import numpy as np

    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    manifest = json.loads(header.pop("__metadata__")["tilelens"])
    data = content[8 + length :]
    tensors = {}
    for name, entry in header.items():
        assert entry["dtype"] == "F32", f"{name} is {entry['dtype']}"
        start, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(data[start:end], dtype="<f4").reshape(entry["shape"])
    return tensors, manifest


class Tiles:
    """What a DataLoader's workers read."""

    def __init__(self, files: list[str], preprocessing: dict) -> None:
        self.files, self.preprocessing = files, preprocessing

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int):
        return image(self.files[index], self.preprocessing["resize_px"], self.preprocessing["crop_px"])


def run_torch(files: list[str], model: Path, threads: int, output: str) -> None:
    import torch
    from torch import nn
    from torchvision.models import mobilenet_v3_small

    torch.set_num_threads(threads)
    tensors, manifest = weights(model.with_suffix(".f32.safetensors"))
    tensors = {name: torch.tensor(value) for name, value in tensors.items()}
    features = mobilenet_v3_small(weights=None).features
    stored = {name.removeprefix("features."): value for name, value in tensors.items() if name.startswith("features.")}
    missing = features.load_state_dict(stored, strict=False).missing_keys
    assert all("num_batches_tracked" in name for name in missing), missing
    neurons, inputs = tensors["head.dense.weight"].shape
    head = nn.Sequential(nn.Linear(inputs, neurons), nn.ReLU(), nn.Linear(neurons, len(manifest["labels"])))
    names = {"0": "head.dense", "2": "head.output"}
    head.load_state_dict({f"{place}.{part}": tensors[f"{name}.{part}"] for place, name in names.items() for part in ("weight", "bias")})
    network = nn.Sequential(features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), head).eval().to(memory_format=torch.channels_last)
    preprocessing = manifest["preprocessing"]
    mean, std = (torch.tensor(preprocessing[key]).view(3, 1, 1) for key in ("mean", "std"))
    loader = torch.utils.data.DataLoader(Tiles(files, preprocessing), batch_size=BATCH, num_workers=0 if threads == 1 else threads)
    answers = []
    with torch.inference_mode():
        for images in loader:
            images = ((images / 255 - mean) / std).contiguous(memory_format=torch.channels_last)
            answers.append((network(images) / manifest.get("temperature", 1.0)).softmax(1))
    write_rows(output, files, manifest["labels"], torch.cat(answers).numpy())


RUNS = {"onnxruntime": run_onnxruntime, "PyTorch + DataLoader": run_torch}
MODULES = {"onnxruntime": ["onnxruntime"], "PyTorch + DataLoader": ["torch", "torchvision"]}


def is_missing(program: str) -> bool:
    from importlib.util import find_spec

    return any(find_spec(module) is None for module in MODULES[program])


def command(program: str, tilelens: str, folder: Path, model: Path, threads: int, output: Path) -> list[str]:
    if program == "tilelens classify":
        return [tilelens, "classify", str(folder), "--model", str(model), "--output", str(output), "--threads", str(threads)]
    return [sys.executable, __file__, "--run", program, "--folder", str(folder), "--model", str(model), "--threads", str(threads), "--output", str(output)]


def timed(words: list[str]) -> tuple[float, float, float]:
    """Wall-clock seconds, processor seconds and megabytes at most, of a process with its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, complaint = process.communicate()
    wall = time.perf_counter() - start
    if process.returncode != 0:
        sys.exit(f"{' '.join(words)} failed:\n{complaint.decode(errors='replace')[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, after.ru_maxrss / 1024


def rows_of(output: Path) -> dict[str, list[str]]:
    with open(output, newline="") as file:
        return {os.path.basename(row[0]): row for row in list(csv.reader(file))[1:]}


def agreement(ours: Path, other: Path) -> tuple[float, float]:
    """The share of tiles with the same class, and the largest difference of any probability."""
    first, second = rows_of(ours), rows_of(other)
    assert first.keys() == second.keys(), "the programs saw other files"
    same = sum(first[name][1] == second[name][1] for name in first)
    # The other programs' rows have no column for errors.
    pairs = (zip(first[name][3:], second[name][3:]) for name in first)
    difference = max(abs(float(one) - float(other)) for pair in pairs for one, other in pair)
    return same / len(first), difference


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiles", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="+", default=sorted({1, len(os.sched_getaffinity(0))}))
    parser.add_argument("--tilelens", default=str(ROOT / "target/release/tilelens"), help="the program to time")
    parser.add_argument("--json", type=Path, help="where to write the figures, too")
    # How it calls itself.
    parser.add_argument("--run", choices=RUNS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--model", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--output", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.run:
        files = sorted(str(path) for path in args.folder.iterdir())
        return RUNS[args.run](files, args.model, args.threads[0], args.output)

    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        tiles, model = work / "tiles", work / "model.safetensors"
        tiles.mkdir()
        draw(tiles, args.tiles)
        quiet = {"check": True, "stdout": subprocess.DEVNULL}
        subprocess.run([args.tilelens, "join", MODELS / "overhead.safetensors", MODELS / "overhead-scenes.safetensors", "--output", model], **quiet)
        for form in (".onnx", ".f32.safetensors"):
            subprocess.run([args.tilelens, "export", model, "--output", model.with_suffix(form)], **quiet)
        programs = ["tilelens classify", *RUNS]
        left_out = [program for program in RUNS if is_missing(program)]
        programs = [program for program in programs if program not in left_out]
        outputs = {program: work / f"{index}.csv" for index, program in enumerate(programs)}
        figures: dict[tuple[str, int], list[tuple[float, float, float]]] = {}
        # Interleaved, so that what else the machine does falls on all of them.
        for _ in range(args.rounds):
            for threads in args.threads:
                for program in programs:
                    outputs[program].unlink(missing_ok=True)
                    words = command(program, args.tilelens, tiles, model, threads, outputs[program])
                    figures.setdefault((program, threads), []).append(timed(words))
        for program in programs[1:]:
            share, difference = agreement(outputs[programs[0]], outputs[program])
            print(f"{program} gives the same class for {share:.1%} of the tiles, each probability within {difference:.3f}")
            if difference > TOLERANCE:
                sys.exit("the programs do not do the same work")
        for program in left_out:
            print(f"{program} is left out: {sys.executable} does not have it")
        print(f"\n{args.tiles} tiles, medians of {args.rounds}\n")
        print("| program | threads | wall | processor | tiles a second | beside one thread |\n|---|---|---|---|---|---|")
        table = []
        for (program, threads), runs in figures.items():
            wall, processor, _ = (statistics.median(run[part] for run in runs) for part in range(3))
            alone = figures.get((program, 1))
            speedup = statistics.median(run[0] for run in alone) / wall if alone else None
            table.append({"program": program, "threads": threads, "wall_s": wall, "processor_s": processor, "tiles": args.tiles, "speedup": speedup})
            beside = f"{speedup:.2f} ×" if speedup else ""
            print(f"| {program} | {threads} | {wall:.2f} s | {processor:.2f} s | {args.tiles / wall:.0f} | {beside} |")
        if args.json:
            args.json.write_text(json.dumps(table, indent=2) + "\n")


if __name__ == "__main__":
    main()
