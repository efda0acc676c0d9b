"""The ImageNet-trained MobileNetV2 of a TFLite file as a PyTorch network that can be trained further."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter
from torch import nn
from torchvision.models import mobilenet_v2

FEATURES = 1280
# The classifier after the last feature map is not taken over.
CLASSIFIER_OUTPUTS = 1001


class ImageNetNetwork(nn.Module):
    """`[batch, 3, height, width]`, values -1 to 1 → features `[batch, 1280]`, averaged over the image."""

    def __init__(self, model: Path) -> None:
        super().__init__()
        self.features = mobilenet_v2(weights=None).features
        convolutions = iter(dequantised(model))
        fill(self.features, convolutions)
        if next(convolutions, None) is not None:
            raise SystemExit(f"{model} has more convolutions than a MobileNetV2")

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.features(images).mean((2, 3))


def fill(module: nn.Module, convolutions) -> None:
    """Gives every convolution its weights, in the order of the network; the batch norms are folded into them."""
    for name, child in module.named_children():
        if isinstance(child, nn.Conv2d):
            setattr(module, name, converted(child, *next(convolutions)))
        elif isinstance(child, nn.BatchNorm2d):
            setattr(module, name, nn.Identity())
        else:
            fill(child, convolutions)


def converted(like: nn.Conv2d, weight: torch.Tensor, bias: torch.Tensor) -> nn.Module:
    stride = like.stride[0]
    # TensorFlow pads an even image on its far sides only, where the stride is 2.
    padding = 0 if stride == 2 else like.padding[0]
    conv = nn.Conv2d(like.in_channels, like.out_channels, like.kernel_size, stride, padding, groups=like.groups)
    assert conv.weight.shape == weight.shape, (conv.weight.shape, weight.shape)
    conv.weight = nn.Parameter(weight)
    conv.bias = nn.Parameter(bias)
    return nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), conv) if stride == 2 else conv


def dequantised(model: Path) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Weights and bias of every convolution in the order of the file, which is that of the network."""
    interpreter = Interpreter(str(model))
    details = {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}
    pairs = []
    for operation in interpreter._get_ops_details():
        if operation["op_name"] not in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            continue
        depthwise = operation["op_name"] == "DEPTHWISE_CONV_2D"
        weight, bias = (values(interpreter, details[int(index)]) for index in operation["inputs"][1:3])
        if len(bias) != CLASSIFIER_OUTPUTS:
            # [1, height, width, channels] or [outputs, height, width, inputs] → PyTorch's order.
            weight = weight.permute(3, 0, 1, 2) if depthwise else weight.permute(0, 3, 1, 2)
            pairs.append((weight.contiguous(), bias))
    return pairs


def values(interpreter: Interpreter, tensor: dict) -> torch.Tensor:
    quantised = interpreter.get_tensor(tensor["index"]).astype(np.float32)
    parameters = tensor["quantization_parameters"]
    # One scale a channel, or one for all; the channel is the dimension named.
    shape = [1] * quantised.ndim
    shape[parameters["quantized_dimension"]] = -1
    zero_points, scales = parameters["zero_points"].reshape(shape), parameters["scales"].reshape(shape)
    return torch.from_numpy((quantised - zero_points) * scales).float()
