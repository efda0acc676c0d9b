"""Times the network in onnxruntime and PyTorch: `native.py NETWORK.onnx ROUNDS` prints a JSON object.

What is not installed is left out. PyTorch has no weights of ours: torchvision's network with random ones takes as long.
"""

import json
import os
import sys
import time
from collections.abc import Callable

import numpy as np

SIDE = 224
BATCHES = [1, 32]
CORES = len(os.sched_getaffinity(0))
THREADS = sorted({1, CORES})

Run = Callable[[np.ndarray], object]


def onnxruntime_runs(network: str) -> tuple[str, dict[int, Run]]:
    """onnxruntime's version, and by number of threads what runs its CPU provider."""
    import onnxruntime

    def session(threads: int) -> Run:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Threads that wait in a loop would take the cores from whoever is timed next.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        opened = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
        name = opened.get_inputs()[0].name
        return lambda images: opened.run(["probabilities"], {name: images})

    return f"onnxruntime {onnxruntime.__version__}", {threads: session(threads) for threads in THREADS}


def torch_runs(_network: str) -> tuple[str, dict[int, Run]]:
    """PyTorch's version, and by number of threads what runs its eager mode."""
    import torch
    from torchvision.models import mobilenet_v3_small

    network = mobilenet_v3_small().eval()

    def with_threads(threads: int) -> Run:
        def run(images: np.ndarray) -> object:
            torch.set_num_threads(threads)
            with torch.inference_mode():
                return network(torch.from_numpy(images)).softmax(1).numpy()

        return run

    return f"PyTorch {torch.__version__}", {threads: with_threads(threads) for threads in THREADS}


def main() -> None:
    network, rounds = sys.argv[1], int(sys.argv[2])
    engines, missing = [], []
    for runs in (onnxruntime_runs, torch_runs):
        try:
            engines.append(runs(network))
        except ModuleNotFoundError as error:
            missing.append(error.name)

    random = np.random.default_rng(0)
    images = {batch: random.standard_normal((batch, 3, SIDE, SIDE), dtype=np.float32) for batch in BATCHES}
    cases = [
        {"engine": engine, "threads": threads, "batch": batch, "run": run, "milliseconds": []}
        for engine, by_threads in engines
        for threads, run in by_threads.items()
        for batch in BATCHES
    ]
    for turn in range(rounds):
        for case in cases:
            # The first run of a case in a round finds cold caches: it is not counted.
            case["run"](images[case["batch"]])
            start = time.perf_counter()
            case["run"](images[case["batch"]])
            case["milliseconds"].append((time.perf_counter() - start) * 1000)

    cases = [{name: value for name, value in case.items() if name != "run"} for case in cases]
    print(json.dumps({"cases": cases, "missing": missing}))


if __name__ == "__main__":
    main()
