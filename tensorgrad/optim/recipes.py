"""The optimisers people know by name, each a chain: a direction, then a step along it."""

from __future__ import annotations

from . import directions
from .hyperparameters import not_negative
from .pairs import Transform, chain
from .schedules import Schedule
from .transforms import add_weight_decay, sgd


def momentum(learning_rate: float | Schedule, decay: float = 0.9) -> Transform:
    """Gradient descent with momentum, the heavy ball.

    ``v = decay * v + g``, ``update = -learning_rate * v``; ``v`` begins at 0. With a steady gradient
    the steps grow to ``1 / (1 - decay)`` times those of ``sgd``. Source: Polyak, "Some methods of speeding up the
    convergence of iteration methods", 1964.

    Args:
        learning_rate: A number >= 0, or a schedule.
        decay: How much velocity is kept, in [0, 1).

    Raises:
        TypeError, ValueError: A value outside its range.

    >>> import numpy as np, tensorgrad as tg
    >>> init, update = tg.optim.momentum(0.1, decay=0.5)
    >>> params = np.zeros(1)
    >>> first, state = update(np.ones(1), init(params), params)
    >>> second, state = update(np.ones(1), state, params)
    >>> first, second
    (array([-0.1]), array([-0.15]))
    """
    return chain(directions.momentum(decay), sgd(learning_rate))


def nesterov(learning_rate: float | Schedule, decay: float = 0.9) -> Transform:
    """Gradient descent with Nesterov's momentum, which looks one step ahead.

    ``v = decay * v + g``, ``update = -learning_rate * (g + decay * v)``; ``v`` begins at 0. Source: Nesterov 1983, in
    the form of Sutskever and others, "On the importance of initialization and momentum in deep learning", 2013.

    Args:
        learning_rate: A number >= 0, or a schedule.
        decay: How much velocity is kept, in [0, 1).

    Raises:
        TypeError, ValueError: A value outside its range.

    >>> import numpy as np, tensorgrad as tg
    >>> init, update = tg.optim.nesterov(0.1, decay=0.5)
    >>> update(np.ones(1), init(np.zeros(1)), np.zeros(1))[0]
    array([-0.15])
    """
    return chain(directions.nesterov(decay), sgd(learning_rate))


def adagrad(learning_rate: float | Schedule = 0.01, epsilon: float = 1e-10) -> Transform:
    """Steps that shrink with the gradients each element has seen.

    ``s = s + |g|**2``, ``update = -learning_rate * g / (sqrt(s) + epsilon)``; ``s`` begins at 0. Source: Duchi, Hazan
    and Singer, "Adaptive subgradient methods for online learning and stochastic optimization", 2011.

    Args:
        learning_rate: A number >= 0, or a schedule.
        epsilon: Keeps the division defined, > 0.

    Raises:
        TypeError, ValueError: A value outside its range; ``init``: ``epsilon`` is 0 in a parameter's dtype.

    >>> import numpy as np, tensorgrad as tg
    >>> init, update = tg.optim.adagrad(0.1)
    >>> update(np.array([3.0, -5.0]), init(np.zeros(2)), np.zeros(2))[0]
    array([-0.1,  0.1])
    """
    return chain(directions.adagrad(epsilon), sgd(learning_rate))


def rmsprop(learning_rate: float | Schedule = 1e-3, decay: float = 0.9, epsilon: float = 1e-8) -> Transform:
    """Steps in units of each element's recent gradient size.

    ``s = decay * s + (1 - decay) * |g|**2``, ``update = -learning_rate * g / (sqrt(s) + epsilon)``; ``s`` begins at
    0, so the first step is ``learning_rate / sqrt(1 - decay)`` long. Source: Hinton, "Neural networks for machine
    learning", lecture 6e, 2012.

    Args:
        learning_rate: A number >= 0, or a schedule.
        decay: How much of the mean square is kept, in [0, 1).
        epsilon: Keeps the division defined, > 0.

    Raises:
        TypeError, ValueError: A value outside its range; ``init``: ``epsilon`` is 0 in a parameter's dtype.

    >>> import numpy as np, tensorgrad as tg
    >>> init, update = tg.optim.rmsprop(0.1, decay=0.75)
    >>> np.round(update(np.array([3.0, -5.0]), init(np.zeros(2)), np.zeros(2))[0], 6)
    array([-0.2,  0.2])
    """
    return chain(directions.rmsprop(decay, epsilon), sgd(learning_rate))


def adam(
    learning_rate: float | Schedule = 1e-3, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
) -> Transform:
    """Momentum in units of each element's recent gradient size, corrected for the start at zero.

    ``m = beta1 * m + (1 - beta1) * g``, ``s = beta2 * s + (1 - beta2) * |g|**2``, and at the t-th update, counted
    from 1, ``update = -learning_rate * (m / (1 - beta1**t)) / (sqrt(s / (1 - beta2**t)) + epsilon)``. Source: Kingma
    and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1.

    Args:
        learning_rate: A number >= 0, or a schedule.
        beta1: How much of the mean gradient is kept, in [0, 1).
        beta2: How much of the mean square is kept, in [0, 1).
        epsilon: Keeps the division defined, > 0.

    Raises:
        TypeError, ValueError: A value outside its range; ``init``: ``epsilon`` is 0 in a parameter's dtype (float16).

    >>> import numpy as np, tensorgrad as tg
    >>> init, update = tg.optim.adam(0.1)
    >>> np.round(update(np.array([3.0, -5.0]), init(np.zeros(2)), np.zeros(2))[0], 6)
    array([-0.1,  0.1])
    """
    return chain(directions.adam(beta1, beta2, epsilon), sgd(learning_rate))


def adamw(
    learning_rate: float | Schedule = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    weight_decay: float = 0.01,
) -> Transform:
    """Adam with decoupled weight decay: the decay is not divided by the gradient's size.

    ``update = adam's update - learning_rate * weight_decay * p``. Source: Loshchilov and Hutter, "Decoupled weight
    decay regularization", 2019, algorithm 2, with the learning rate as the schedule multiplier.

    Args:
        learning_rate: A number >= 0, or a schedule.
        beta1: How much of the mean gradient is kept, in [0, 1).
        beta2: How much of the mean square is kept, in [0, 1).
        epsilon: Keeps the division defined, > 0.
        weight_decay: The rate of the pull towards zero, >= 0.

    Raises:
        TypeError, ValueError: A value outside its range; ``init``: ``epsilon`` is 0 in a parameter's dtype (float16).

    >>> import numpy as np, tensorgrad as tg
    >>> init, update = tg.optim.adamw(0.1, weight_decay=0.5)
    >>> params = np.array([2.0])
    >>> update(np.zeros(1), init(params), params)[0]
    array([-0.1])
    """
    decay = add_weight_decay(not_negative("adamw", "weight_decay", weight_decay))
    return chain(directions.adam(beta1, beta2, epsilon), decay, sgd(learning_rate))
