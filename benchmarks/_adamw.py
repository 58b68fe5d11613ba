"""PyTorch's AdamW on samples for one network of many features: the peer, as it is usually written.

Needs the extra `bench`.
"""

import importlib.util
import time
from typing import Any

import numpy as np

from simulations._options import UsageError


def need_torch() -> None:
    if importlib.util.find_spec("torch") is None:
        raise UsageError('This benchmark needs PyTorch: pip install -e ".[bench]"')


class AdamW:
    """n features in m dimensions, float32, I = 1, no weight decay, learning rate falling to 0.

    One uniform number serves a feature, as in `tms_physics.SparseUniform`: half of the random
    numbers that the usual two draws take.
    """

    def __init__(
        self, start: tuple[np.ndarray, np.ndarray], density: float, *, batch: int, device: str
    ):
        import torch

        self._torch, self._device = torch, device
        self._shape = (batch, start[0].shape[1])
        self._density = density
        self._start = [torch.tensor(x, dtype=torch.float32, device=device) for x in start]
        self.reset(1, 1e-3, 0)

    def reset(self, steps: int, learning_rate: float, seed: int) -> None:
        torch = self._torch
        torch.manual_seed(seed)
        self._params = [x.clone().requires_grad_() for x in self._start]
        self._optimiser = torch.optim.AdamW(self._params, lr=learning_rate, weight_decay=0.0)
        self._schedule = torch.optim.lr_scheduler.LinearLR(self._optimiser, 1.0, 0.0, steps)

    def step(self) -> None:
        torch, (W, b) = self._torch, self._params
        u = torch.rand(self._shape, device=self._device)
        x = torch.where(u < self._density, u / self._density, 0.0)
        error = x - torch.relu((x @ W.T) @ W + b)
        loss = (error * error).sum(1).mean()
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self._optimiser.step()
        self._schedule.step()

    def seconds_a_step(self, steps: int, threads: int) -> float:
        self._torch.set_num_threads(threads)
        self.reset(10 * steps, 1e-3, 0)
        for _ in range(10):
            self.step()
        self._wait()
        began = time.perf_counter()
        for _ in range(steps):
            self.step()
        self._wait()
        return (time.perf_counter() - began) / steps

    def train(self, steps: int, learning_rate: float, seed: int) -> tuple[float, Any]:
        """Seconds, and (W, b) at the end."""
        self.reset(steps, learning_rate, seed)
        began = time.perf_counter()
        for _ in range(steps):
            self.step()
        self._wait()
        spent = time.perf_counter() - began
        return spent, tuple(x.detach().cpu().double().numpy() for x in self._params)

    def best_threads(self, cores: int) -> tuple[int, float]:
        """One thread or all, whichever is faster, and its seconds a step."""
        choices = {count: self.seconds_a_step(200, count) for count in sorted({1, cores})}
        best = min(choices, key=choices.__getitem__)
        self._torch.set_num_threads(best)
        return best, choices[best]

    def _wait(self) -> None:
        if self._device != "cpu":
            self._torch.cuda.synchronize()
