"""Small checkpoints for the fuzzer to begin with: `python3 make_seeds.py`, with nothing but the standard library.

A fuzzer gets nowhere from the megabytes of a real checkpoint, and PyTorch cannot be made to write small ones of every
kind. So the tensors here are tiny, and their layers have the names of the real ones.
"""

import collections
import io
import json
import pickle
import struct
import sys
import types
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
LAYERS = {"features.0.0.weight": (2, 3, 3, 3), "features.0.1.bias": (2,), "classifier.3.weight": (2, 2)}


def size(shape):
    count = 1
    for side in shape:
        count *= side
    return count


def named(module, name):
    """A stand-in that is pickled as `module.name`."""
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        sys.modules.setdefault(".".join(parts[:end]), types.ModuleType(".".join(parts[:end])))
    made = type(name, (), {"__module__": module, "__qualname__": name})
    setattr(sys.modules[module], name, made)
    return made


FLOAT_STORAGE = named("torch", "FloatStorage")
REBUILD = named("torch._utils", "_rebuild_tensor_v2")


class Tensor:
    """Pickled as PyTorch pickles a tensor: a call on a storage that the pickle only names."""

    def __init__(self, key, shape):
        self.key, self.shape = key, shape

    def __reduce__(self):
        strides = [size(self.shape[place + 1 :]) for place in range(len(self.shape))]
        storage = Storage(self.key, size(self.shape))
        return REBUILD, (storage, 0, self.shape, tuple(strides), False, collections.OrderedDict())


class Expanded(Tensor):
    """One number that stands for a tensor of any shape."""

    def __reduce__(self):
        return REBUILD, (Storage(self.key, 1), 0, self.shape, (0,) * len(self.shape), False, collections.OrderedDict())


class Storage:
    def __init__(self, key, count):
        self.key, self.count = key, count


class Pickler(pickle.Pickler):
    def persistent_id(self, value):
        if isinstance(value, Storage):
            return ("storage", FLOAT_STORAGE, value.key, "cpu", value.count)
        return None


def pytorch(value, storages, compression=zipfile.ZIP_STORED):
    pickled = io.BytesIO()
    Pickler(pickled, protocol=2).dump(value)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", compression) as written:
        written.writestr("archive/data.pkl", pickled.getvalue())
        for key, count in storages.items():
            written.writestr(f"archive/data/{key}", bytes(4 * count))
        written.writestr("archive/version", "3\n")
    return archive.getvalue()


def sparse_tar(size):
    """A tar whose only file is a hole of `size` bytes, in GNU tar's notation."""

    def number(value):
        return b"\x80" + value.to_bytes(11, "big")

    header = bytearray(512)
    parts = {0: b"storages", 124: b"00000000000", 156: b"S", 257: b"ustar  \0", 386: number(size) + number(0), 483: number(size)}
    for place, part in [*parts.items(), (148, b" " * 8)]:
        header[place : place + len(part)] = part
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + bytes(1024)


class Shell:
    """What a hostile checkpoint would have the reader run."""

    def __reduce__(self):
        return eval, ("__import__('os').system('touch hostile-pickle-ran')",)


def field(number, content):
    """A field of a protobuf message."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    if isinstance(content, str):
        content = content.encode()
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value):
    made = b""
    while value > 127:
        made += bytes([value & 127 | 128])
        value >>= 7
    return made + bytes([value])


def constant(name, shape, count):
    """A TensorProto of `count` values (onnx.proto; the numbers are its fields)."""
    dims = b"".join(field(1, side) for side in shape)
    return dims + field(2, 1) + field(8, name) + field(9, bytes(4 * count))


def node(operator, inputs, output):
    return b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, operator)


def graph(nodes, constants):
    content = b"".join(field(1, made) for made in nodes) + b"".join(field(5, made) for made in constants)
    return field(1, 8) + field(7, content) + field(8, field(2, 17))


def onnx():
    """Two convolutions with a batch norm."""
    norm = ["scale", "shift", "mean", "variance"]
    nodes = [
        node("Conv", ["image", "weight"], "a"),
        node("BatchNormalization", ["a", *norm], "b"),
        node("Identity", ["weight"], "same"),
        node("Conv", ["b", "same"], "c"),
        node("Gemm", ["c", "matrix", "shift"], "logits"),
    ]
    constants = [("weight", (2, 3, 3, 3)), ("matrix", (2, 2)), *((name, (2,)) for name in norm)]
    return graph(nodes, [constant(name, shape, size(shape)) for name, shape in constants])


def one_convolution(weight):
    return graph([node("Conv", ["image", "weight"], "a")], [weight])


def outside():
    """A weight that is in a file elsewhere."""
    place = field(13, field(1, "location") + field(2, "../../etc/passwd"))
    return one_convolution(constant("weight", (2, 3, 3, 3), 0) + place + field(14, 1))


def nested(depth):
    """A graph in a graph in a graph: each an attribute of a node."""
    graph = b""
    for _ in range(depth):
        graph = field(1, field(4, "If") + field(5, field(1, "then_branch") + field(6, graph)))
    return field(1, 8) + field(7, graph)


def safetensors():
    header, at = {}, 0
    for name, shape in LAYERS.items():
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [at, at + 4 * size(shape)]}
        at += 4 * size(shape)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(at)


def main():
    tensors = collections.OrderedDict((name, Tensor(str(key), shape)) for key, (name, shape) in enumerate(LAYERS.items()))
    storages = {str(key): size(shape) for key, shape in enumerate(LAYERS.values())}
    seeds = {
        "pytorch/tiny.pth": pytorch(tensors, storages),
        "pytorch/nested.pth": pytorch({"model": {"state_dict": tensors}, "epoch": 7}, storages),
        "pytorch/hostile.pth": pytorch({"features.0.0.weight": Shell()}, {}),
        "pytorch/expanded.pth": pytorch({"features.0.0.weight": Expanded("0", (2**28,))}, {"0": 1}),
        "pytorch/deflated.pth": pytorch(tensors, storages, zipfile.ZIP_DEFLATED),
        "pytorch/sparse.pth": sparse_tar(2**30),
        "onnx/tiny.onnx": onnx(),
        "onnx/outside.onnx": outside(),
        "onnx/hollow.onnx": one_convolution(constant("weight", (2**50, 0), 0)),
        "onnx/wrapping.onnx": one_convolution(constant("weight", (2**32, 2**32), 0)),
        "onnx/nested.onnx": nested(200),
        "safetensors/tiny.safetensors": safetensors(),
    }
    for name, content in seeds.items():
        (HERE / name).parent.mkdir(exist_ok=True)
        (HERE / name).write_bytes(content)


main()
