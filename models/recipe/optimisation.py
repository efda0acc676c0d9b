"""AdamW with warm-up and a cosine, and the exponential average of the weights that is kept in the end."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

WEIGHT_DECAY = 0.02
GRADIENT_NORM = 5.0
EMA_DECAY = 0.998


class Descent:
    """One stage of training: `steps` steps from `learning_rate` down to zero."""

    def __init__(self, network: nn.Module, learning_rate: float, steps: int, warm_up_steps: int) -> None:
        self.network, self.learning_rate, self.steps, self.warm_up_steps = network, learning_rate, steps, warm_up_steps
        # Weights of one dimension are biases and batch norms, whose size carries no complexity.
        decayed = [p for p in network.parameters() if p.ndim > 1]
        plain = [p for p in network.parameters() if p.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": plain, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=learning_rate)
        self.done = 0

    def step(self, loss: torch.Tensor) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate * self.factor()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), GRADIENT_NORM)
        self.optimizer.step()
        self.done += 1

    def factor(self) -> float:
        """Linear warm-up, then half a cosine."""
        if self.done < self.warm_up_steps:
            return (self.done + 1) / self.warm_up_steps
        progress = (self.done - self.warm_up_steps) / (self.steps - self.warm_up_steps)
        return 0.5 * (1 + math.cos(math.pi * progress))


class Best:
    """The weights of the epoch that did best on validation; of equals, the last."""

    def __init__(self) -> None:
        self.reached, self.weights = 0.0, None

    def offer(self, reached: float, network: nn.Module) -> None:
        if reached >= self.reached:
            self.reached = reached
            self.weights = {name: tensor.clone() for name, tensor in network.state_dict().items()}


def moving_average(averaged: torch.Tensor, current: torch.Tensor, updates: torch.Tensor) -> torch.Tensor:
    """Exponential, with a short memory at first: the random weights of the start are soon forgotten."""
    decay = min(EMA_DECAY, (1 + int(updates)) / (10 + int(updates)))
    return averaged * decay + current * (1 - decay)


def averaged(network: nn.Module) -> AveragedModel:
    return AveragedModel(network, avg_fn=moving_average, use_buffers=True)
