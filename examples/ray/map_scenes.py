"""Map many scenes with `tilelens map`, by Ray Data: on this machine's cores or on a cluster."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import ray

# The exit statuses of `tilelens map`.
WRONG_ARGUMENTS, SOME_UNREAD = 2, 3
# How often a part is begun whose program a signal ends, that of a kernel short of memory, say.
ATTEMPTS = 3


def classify(part: dict[str, str], command: list[str], folder: str) -> dict:
    """A part of a scene → the answers of its windows, as `tilelens map --part` leaves them, or why there are none."""
    # Whoever begins a part anew shares no file with a program that its killed worker may have left behind.
    with tempfile.TemporaryDirectory(prefix="tilelens-") as scratch:
        output = Path(scratch, "map.tif")
        # Ray gives a task one core; more threads would take those of its neighbours.
        options = ["--resume", "--part", part["part"], "--threads", "1", "--output", str(output)]
        try:
            for _ in range(ATTEMPTS):
                done = subprocess.run(
                    [*command, *options, part["scene"]], cwd=folder, capture_output=True, encoding="utf-8"
                )
                if done.returncode >= 0:
                    break
        except OSError as error:  # This node lacks the program or the folder.
            return {**part, "answers": b"", "status": 1, "error": f"error: {part['scene']}: {error}"}
        if done.returncode in (0, SOME_UNREAD):
            return {**part, "answers": part_file(output).read_bytes(), "status": 0, "error": ""}
        if done.returncode < 0:
            error = f"error: {part['scene']}: signal {-done.returncode} ended part {part['part']} {ATTEMPTS} times"
        else:
            # What was found and guessed stands before the error.
            error = done.stderr[max(done.stderr.rfind("error: "), 0) :].strip()
        return {**part, "answers": b"", "status": done.returncode, "error": error}


def part_file(map_file: Path) -> Path:
    """Where `tilelens map` keeps the answers for a map that is not written yet."""
    return map_file.with_name(f"{map_file.name}.part")


def is_whole(map_file: Path) -> bool:
    """Whether a map is there and complete: its answers go when all its files are written and nothing is unread."""
    return map_file.exists() and not part_file(map_file).exists()


def made_of(map_file: Path, scene: str, command: list[str]) -> dict:
    """What tells a map from one of another scene, head or cell: its command, and the size and time of each file there."""
    words = [*command, scene, str(map_file)]
    # --head=mine.safetensors names a file, too.
    named = [Path(word.partition("=")[2] if word.startswith("--") else word) for word in words]
    stats = [path.stat() for path in named if path.is_file()]
    return {"command": words, "files": [[stat.st_size, stat.st_mtime_ns] for stat in stats]}


def read_made(file: Path) -> dict[str, dict]:
    """What each map of a folder was made of, by the map's name; nothing where that is not known."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        usage="%(prog)s SCENE ... --output FOLDER [--parts N] [--concurrency N] [--resume] [-- OPTION ...]",
        epilog="What follows -- are options of tilelens map: -- --head mine.safetensors --cell 640m --majority",
    )
    parser.add_argument("scenes", nargs="+", metavar="SCENE", help="a TIFF, GeoTIFF or COG that every node can read")
    parser.add_argument("--output", type=Path, required=True, help="the folder to write the maps to")
    parser.add_argument("--parts", type=int, default=16, help="parts that each scene is shared in (16)")
    parser.add_argument("--concurrency", type=int, help="parts at once, one core each (all cores)")
    parser.add_argument("--resume", action="store_true", help="leave out scenes that this command has mapped whole")
    parser.add_argument("--tilelens", default="tilelens", help="the program, if it is not on the PATH")
    words = sys.argv[1:]
    end = words.index("--") if "--" in words else len(words)
    args = parser.parse_args(words[:end])
    if args.parts < 1:
        parser.error("a scene has at least 1 part")
    args.options = words[end + 1 :]
    return args


def main() -> None:
    args = arguments()
    program = shutil.which(args.tilelens)
    if program is None:
        sys.exit(f"{args.tilelens} is no program: name it by --tilelens")
    command = [os.path.abspath(program), "map", *args.options]
    # As `tilelens map` names them.
    maps = {scene: args.output / f"{Path(scene).stem}-map.tif" for scene in args.scenes}
    twice = [name for name, count in Counter(maps.values()).items() if count > 1]
    if twice:
        sys.exit(f"two scenes would be mapped to {twice[0]}: map them one by one")
    args.output.mkdir(parents=True, exist_ok=True)
    made_file = args.output / "made.json"
    made = read_made(made_file)
    if args.resume:
        maps = {
            scene: map_file
            for scene, map_file in maps.items()
            if not is_whole(map_file) or made.get(map_file.name) != made_of(map_file, scene, command)
        }
    if not maps:
        print(f"{args.output}: each scene has its map already, made by this command")
        return

    numbers = range(1, args.parts + 1)
    parts = [{"scene": scene, "part": f"{number}/{args.parts}"} for scene in maps for number in numbers]
    # A part a task: Ray begins a task anew whose worker was killed, and no more than that is lost.
    answers = ray.data.from_items(parts, override_num_blocks=len(parts)).map(
        classify,
        fn_args=(command, os.getcwd()),
        compute=ray.data.TaskPoolStrategy(size=args.concurrency),
    )
    arrived, failed, unread = Counter(), set(), 0
    for row in answers.iter_rows():
        scene, map_file = row["scene"], maps[row["scene"]]
        if row["status"] == WRONG_ARGUMENTS:
            sys.exit(row["error"])
        if row["error"]:
            if scene not in failed:
                print(row["error"], file=sys.stderr)
            failed.add(scene)
            continue
        with part_file(map_file).open("ab" if arrived[scene] else "wb") as file:
            file.write(row["answers"])
        arrived[scene] += 1
        if arrived[scene] == args.parts:
            # All windows have their answers; what is left is to count votes and to write.
            status = subprocess.run([*command, "--resume", "--output", map_file, scene]).returncode
            unread += status == SOME_UNREAD
            if status not in (0, SOME_UNREAD):
                failed.add(scene)
                continue
            made[map_file.name] = made_of(map_file, scene, command)
            made_file.write_text(json.dumps(made, indent=1), encoding="utf-8")
    print(f"{len(maps) - len(failed)} of {len(maps)} scenes are mapped to {args.output}")
    if failed:
        sys.exit(f"{len(failed)} of {len(maps)} scenes have no map: the reasons stand above")
    if unread:
        sys.exit(SOME_UNREAD)


if __name__ == "__main__":
    main()
