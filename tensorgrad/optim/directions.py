"""Directions: what momentum and the adaptive methods make of a gradient, before the learning rate.

Each is a Transform whose update still points up the slope: ``chain(directions.adam(), sgd(1e-3))`` is Adam, and decay
put between the two is decoupled. ``g`` is the gradient; ``state`` begins at zero; all operations are elementwise.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from .hyperparameters import fraction, positive
from .pairs import Array, Arrays, Transform, fitting
from .transforms import constants, times


class MomentumState(NamedTuple):
    """One velocity per parameter."""

    velocity: Arrays


class SquaresState(NamedTuple):
    """Sum or running mean of the squared gradients, one array per parameter; real for complex ones."""

    squares: Arrays


class AdamState(NamedTuple):
    """The number of updates so far, and the running means of gradients and of their squares."""

    step: int
    mean: Arrays
    squares: Arrays


def momentum(decay: float = 0.9) -> Transform:
    """The heavy ball: ``v = decay * v + g``, ``direction = v``. Source: Polyak 1964.

    Raises:
        TypeError, ValueError: Not ``0 <= decay < 1``.

    >>> import numpy as np
    >>> init, update = momentum(0.5)
    >>> params = np.zeros(1)
    >>> direction, state = update(np.ones(1), init(params), params)
    >>> update(np.ones(1), state, params)
    (array([1.5]), MomentumState(velocity=[array([1.5])]))
    """
    decay = fraction("momentum", "decay", decay)

    def update(gradients: Arrays, state: MomentumState, params: Arrays) -> tuple[Arrays, MomentumState]:
        velocity = _velocity(gradients, state, decay)
        return velocity, MomentumState(velocity)

    return fitting(lambda params: MomentumState(_zeros(params)), update)


def nesterov(decay: float = 0.9) -> Transform:
    """Momentum that looks one step ahead: ``v = decay * v + g``, ``direction = g + decay * v``.

    Source: Nesterov 1983, in the form of Sutskever and others, "On the importance of initialization and momentum in
    deep learning", 2013, rewritten for the point at which the gradient is taken.

    Raises:
        TypeError, ValueError: Not ``0 <= decay < 1``.

    >>> import numpy as np
    >>> nesterov(0.5).update(np.ones(1), MomentumState([np.ones(1)]), np.zeros(1))
    (array([1.75]), MomentumState(velocity=[array([1.5])]))
    """
    decay = fraction("nesterov", "decay", decay)

    def update(gradients: Arrays, state: MomentumState, params: Arrays) -> tuple[Arrays, MomentumState]:
        velocity = _velocity(gradients, state, decay)
        ahead = [g + dv for g, dv in zip(gradients, times(velocity, decay), strict=True)]
        return ahead, MomentumState(velocity)

    return fitting(lambda params: MomentumState(_zeros(params)), update)


def _velocity(gradients: Arrays, state: MomentumState, decay: float) -> Arrays:
    return [dv + g for dv, g in zip(times(state.velocity, decay), gradients, strict=True)]


def adagrad(epsilon: float = 1e-10) -> Transform:
    """Divide by the root of all past squares: ``s = s + |g|**2``, ``direction = g / (sqrt(s) + epsilon)``.

    Source: Duchi, Hazan and Singer, "Adaptive subgradient methods", 2011, with the diagonal matrix.

    Raises:
        TypeError, ValueError: ``epsilon`` is not a finite number > 0. ``init``: it is 0 in a parameter's dtype.

    >>> import numpy as np
    >>> adagrad().update(np.array([4.0]), SquaresState([np.array([9.0])]), np.zeros(1))
    (array([0.8]), SquaresState(squares=[array([25.])]))
    """
    epsilon = positive("adagrad", "epsilon", epsilon)

    def init(params: Arrays) -> SquaresState:
        return SquaresState(_zeros_for_squares(params, "adagrad", epsilon))

    def update(gradients: Arrays, state: SquaresState, params: Arrays) -> tuple[Arrays, SquaresState]:
        squares = [s + _squared(g) for s, g in zip(state.squares, gradients, strict=True)]
        return _divided(gradients, squares, 1.0, epsilon), SquaresState(squares)

    return fitting(init, update)


def rmsprop(decay: float = 0.9, epsilon: float = 1e-8) -> Transform:
    """Divide by the root of the running mean square.

    ``s = decay * s + (1 - decay) * |g|**2``, ``direction = g / (sqrt(s) + epsilon)``. Source: Hinton, "Neural
    networks for machine learning", lecture 6e, 2012.

    Raises:
        TypeError, ValueError: Not ``0 <= decay < 1``; ``epsilon`` is not a finite number > 0. ``init``: ``epsilon``
            is 0 in a parameter's dtype.

    >>> import numpy as np
    >>> rmsprop(0.75).update(np.array([4.0]), SquaresState([np.array([0.0])]), np.zeros(1))
    (array([1.99999999]), SquaresState(squares=[array([4.])]))
    """
    decay = fraction("rmsprop", "decay", decay)
    epsilon = positive("rmsprop", "epsilon", epsilon)

    def init(params: Arrays) -> SquaresState:
        return SquaresState(_zeros_for_squares(params, "rmsprop", epsilon))

    def update(gradients: Arrays, state: SquaresState, params: Arrays) -> tuple[Arrays, SquaresState]:
        squares = _mean_squares(state.squares, gradients, decay)
        return _divided(gradients, squares, 1.0, epsilon), SquaresState(squares)

    return fitting(init, update)


def adam(beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8) -> Transform:
    """Running mean over root mean square, both corrected for their start at zero.

    ``m = beta1 * m + (1 - beta1) * g``, ``s = beta2 * s + (1 - beta2) * |g|**2``, and at the t-th update, counted
    from 1, ``direction = (m / (1 - beta1**t)) / (sqrt(s / (1 - beta2**t)) + epsilon)``. Source: Kingma and Ba, "Adam:
    a method for stochastic optimization", 2015, algorithm 1.

    Raises:
        TypeError, ValueError: A beta is not in [0, 1); ``epsilon`` is not a finite number > 0. ``init``: ``epsilon``
            is 0 in a parameter's dtype.

    >>> import numpy as np
    >>> init, update = adam(epsilon=1e-12)
    >>> params = np.zeros(2)
    >>> direction, state = update(np.array([5.0, -0.01]), init(params), params)
    >>> np.round(direction, 6)
    array([ 1., -1.])
    """
    beta1 = fraction("adam", "beta1", beta1)
    beta2 = fraction("adam", "beta2", beta2)
    epsilon = positive("adam", "epsilon", epsilon)

    def init(params: Arrays) -> AdamState:
        return AdamState(0, _zeros(params), _zeros_for_squares(params, "adam", epsilon, 1 - beta1))

    def update(gradients: Arrays, state: AdamState, params: Arrays) -> tuple[Arrays, AdamState]:
        step = state.step + 1
        mean = _means(state.mean, gradients, beta1)
        squares = _mean_squares(state.squares, gradients, beta2)
        missing = 1 - beta1**step  # the mean's correction goes into the divisor, which is scaled anyway
        root_factor = missing / math.sqrt(1 - beta2**step)
        return _divided(mean, squares, root_factor, epsilon * missing), AdamState(step, mean, squares)

    return fitting(init, update)


def _means(old: Arrays, new: Arrays, decay: float) -> Arrays:
    """Return ``decay * old + (1 - decay) * new`` for each."""
    means = []
    for a, b, (keep, take) in zip(old, new, constants(old, decay, 1 - decay), strict=True):
        mean = b * take  # one parameter after the other, and in place where it is ours: the memory stays in the cache
        mean += a * keep
        means.append(mean)
    return means


def _mean_squares(old: Arrays, gradients: Arrays, decay: float) -> Arrays:
    """Return ``decay * old + (1 - decay) * |g|**2`` for each."""
    means = []
    for s, g, (keep, take) in zip(old, gradients, constants(old, decay, 1 - decay), strict=True):
        square = _squared(g)
        square *= take
        square += s * keep
        means.append(square)
    return means


def _divided(arrays: Arrays, squares: Arrays, factor: float, epsilon: float) -> Arrays:
    """Return ``array / (factor * sqrt(squares) + epsilon)`` for each."""
    quotients = []
    for array, s, (scale, small) in zip(arrays, squares, constants(squares, factor, epsilon), strict=True):
        root = np.sqrt(s)
        root *= scale
        root += small
        quotients.append(array / root)
    return quotients


def _squared(g: Array) -> Array:
    return g * g if g.dtype.kind != "c" else (g * g.conj()).real


def _zeros(params: Arrays) -> Arrays:
    return [np.zeros_like(p) for p in params]


def _zeros_for_squares(params: Arrays, where: str, epsilon: float, factor: float = 1.0) -> Arrays:
    zeros = [np.zeros_like(p.real) for p in params]
    for zero in zeros:
        if not np.array(epsilon * factor, zero.dtype):
            raise ValueError(
                f"{where} was given epsilon={epsilon} and {zero.dtype} parameters, in which it is 0: where the "
                "gradient is 0 the update would be NaN. Expected: an epsilon the dtype can hold. Usual fix: "
                "epsilon=1e-4, or float32."
            )
    return zeros
