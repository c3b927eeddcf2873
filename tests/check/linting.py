"""What the tests of the lint share: data, small networks, and activations as people write them by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

import tensorgrad as tg
from tensorgrad.check.lint.report import Finding, LintReport


def normal(*shape: int, seed: int = 0, dtype: Any = np.float64) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def tensor(value: Any, name: str | None = None, dtype: Any = None) -> Any:
    return tg.Tensor(value, requires_grad=True, name=name, dtype=dtype)


def rules(report: LintReport) -> list[str]:
    return [finding.rule for finding in report.findings]


def only(report: LintReport) -> Finding:
    assert len(report.findings) == 1, str(report)
    return report.findings[0]


X = normal(40, 4)
X32 = X.astype(np.float32)
CLASSES = np.arange(40) % 3
HOT = np.eye(3)[CLASSES]
COLUMN, FLAT = normal(40, 1, seed=3), normal(40, seed=3)
BITS = (CLASSES > 0).astype(float)[:, None]


def mlp(*sizes: int, **settings: Any) -> Any:
    return tg.nn.MLP(sizes, **({"seed": 0, "dtype": np.float64} | settings))


def softmax_naive(z: Any) -> Any:
    return np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True)


def softmax_shifted(z: Any) -> Any:
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_newaxis(z: Any) -> Any:
    e = np.exp(z - z.max(axis=1)[:, None])
    return e / e.sum(axis=1)[:, None]


def softmax_transposed(z: Any) -> Any:
    e = np.exp(z.T)
    return (e / e.sum(axis=0)).T


def softmax_of_logarithm(z: Any) -> Any:
    return np.exp(tg.log_softmax(z))


SOFTMAXES = [tg.softmax, softmax_naive, softmax_shifted, softmax_newaxis, softmax_transposed, softmax_of_logarithm]
SIGMOIDS = [
    tg.sigmoid,
    lambda z: 1 / (1 + np.exp(-z)),
    lambda z: 1.0 / (np.exp(-z) + 1.0),
    lambda z: np.reciprocal(1 + np.exp(-z)),
    lambda z: np.exp(z) / (1 + np.exp(z)),
    lambda z: np.where(z > 0, 1 / (1 + np.exp(-z)), np.exp(z) / (1 + np.exp(z))),
]
RELUS = [
    tg.relu,
    lambda z: np.maximum(z, 0),
    lambda z: np.maximum(0, z),
    lambda z: z * (z > 0),
    lambda z: (z > 0) * z,
    lambda z: np.where(z > 0, z, 0),
    lambda z: np.clip(z, 0, None),
]
