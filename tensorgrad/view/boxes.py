"""What a picture shows: boxes and arrows, with leaves and constants repeated next to each use.

A weight shared by fifty steps would else pull fifty arrows across the page, and the layout takes minutes.
"""

from __future__ import annotations

from typing import NamedTuple

from .model import CONSTANT, Constant, Item, Model
from .wording import shape


class Box(NamedTuple):
    """One box: a unique key, its kind, a title and smaller lines below it."""

    key: str
    kind: str
    title: str
    details: tuple[str, ...]


class Arrow(NamedTuple):
    """A use: the box at the tail is an argument of the box at the head."""

    tail: str
    head: str
    main: bool  # comes from the longest chain of operations, which pictures keep straight


class Picture(NamedTuple):
    """Boxes, tails before heads; arrows into a box in the order of its arguments."""

    boxes: list[Box]
    arrows: list[Arrow]


def picture(model: Model) -> Picture:
    """Return the boxes and arrows of a model."""
    shown = Picture([], [])
    used = {argument for item in model.items for argument in item.arguments if isinstance(argument, int)}
    depths: list[int] = []
    for position, item in enumerate(model.items):
        key = f"n{position + 1}"
        chains = [depths[argument] if isinstance(argument, int) else 0 for argument in item.arguments]
        longest = max(chains, default=0)
        depths.append(longest + 1 if item.operation else 0)
        if item.operation:
            main = chains.index(longest) if longest and chains.count(longest) == 1 else None  # a diamond has two sides
            _add_arguments(shown, key, item, model, main)
            shown.boxes.append(_operation(key, item, model))
        elif position not in used:
            shown.boxes.append(_leaf(key, item, model))
    return shown


def _add_arguments(shown: Picture, key: str, item: Item, model: Model, main: int | None) -> None:
    repeated: set[str] = set()
    for place, argument in enumerate(item.arguments):
        if isinstance(argument, str):
            continue
        if isinstance(argument, Constant):
            tail = f"{key}_{place + 1}"
            shown.boxes.append(_constant(tail, argument, model))
        elif model.items[argument].operation:
            tail = f"n{argument + 1}"
        else:
            tail = f"n{argument + 1}_{key}"
            if tail not in repeated:  # q * q: one box, two arrows
                repeated.add(tail)
                shown.boxes.append(_leaf(tail, model.items[argument], model))
        shown.arrows.append(Arrow(tail, key, place == main))


def _leaf(key: str, item: Item, model: Model) -> Box:
    if item.value is not None:
        return Box(key, item.kind, item.value, ())
    return Box(key, item.kind, item.name or item.kind, (_shape(item.shape, item.dtype, model),))


def _constant(key: str, constant: Constant, model: Model) -> Box:
    if constant.value is not None:
        return Box(key, CONSTANT, constant.value, ())
    return Box(key, CONSTANT, constant.name or "array", (_shape(constant.shape, constant.dtype, model),))


def _operation(key: str, item: Item, model: Model) -> Box:
    settings = [argument for argument in item.arguments if isinstance(argument, str)] + list(item.keywords)
    title = f"{item.name} = {item.operation}" if item.name else item.operation
    return Box(key, item.kind, title, (*settings, _shape(item.shape, item.dtype, model)))


def _shape(sizes: tuple[int, ...], dtype: str, model: Model) -> str:
    return f"{shape(sizes)} {model.other_dtype(dtype)}".rstrip()
