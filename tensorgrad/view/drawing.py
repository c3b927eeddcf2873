"""``graph(t)`` and the Graph it returns: a recorded graph, ready to be shown in whatever form is wanted.

What reads and draws is imported where it is used: ``import tensorgrad`` must not wait for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..graph import Node

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from .model import Model

_DIRECTIONS = ("down", "right")
_SHORT = 200  # lines that a prompt shows unasked
_SHARP, _PLAIN = 192, 96  # dots per inch of a picture that is looked at, and of one that is scrolled through
_SCROLLED = 150  # boxes


def graph(*tensors: Any, direction: str = "down") -> Graph:
    """Return a drawing of how tensors were computed.

    Operations show their name, the settings that are not the defaults, their output shape, and a dtype where it is not
    the graph's common one. Parameters (``requires_grad``) and other leaves are repeated next to each use; plain arrays
    and numbers show as constants. What is made of nothing that requires a gradient, or within ``tg.no_grad()``, is not
    recorded, and shows as an input. It is a snapshot: later updates do not change it.

    Args:
        tensors: One or more Tensors, usually a loss.
        direction: The way data flows on the page: ``"down"`` or ``"right"``.

    Raises:
        TypeError: An argument is not a Tensor, or there is none.
        ValueError: The direction is unknown.

    >>> import numpy as np, tensorgrad as tg
    >>> x = tg.Tensor([[1.0, 2.0]], name="x")
    >>> W = tg.Tensor([[1.0], [2.0]], requires_grad=True, name="W")
    >>> drawing = tg.graph(np.sum(np.tanh(x @ W), axis=0))
    >>> drawing
    <Graph: 3 operations, 1 parameter (2 elements), 1 input, float64>
    >>> print(drawing)
    3 operations, 1 parameter (2 elements), 1 input, float64
    <BLANKLINE>
    #1  input      x                (1, 2)
    #2  parameter  W                (2, 1)
    #3             matmul(x, W)     (1, 1)
    #4             tanh(#3)         (1, 1)
    #5  output     sum(#4, axis=0)  (1,)
    """
    from .model import read

    if direction not in _DIRECTIONS:
        raise ValueError(
            f"graph() was given direction={direction!r}. Expected: {' or '.join(map(repr, _DIRECTIONS))}. "
            "Usual fix: leave it out, and data flow down."
        )
    if not tensors:
        raise TypeError("graph() was given nothing. Expected: one or more Tensors. Usual fix: tg.graph(loss).")
    return Graph(read([_node(tensor) for tensor in tensors]), direction)


def _node(tensor: Any) -> Node:
    node = getattr(tensor, "_node", None)
    if isinstance(node, Node):
        return node
    shape = getattr(tensor, "shape", None)
    given = type(tensor).__name__ + ("" if shape is None else f" of shape {shape}")
    raise TypeError(
        f"graph() was given a {given}. Expected: Tensors. Usual fix: pass the Tensor that a computation returned, "
        "tg.graph(model(x)) or tg.graph(*outputs); what NumPy computes from plain arrays alone is not recorded, so "
        "make at least one of them a tg.Tensor."
    )


class Graph:
    """A drawing of a recorded graph; ``tg.graph`` makes it. ``print`` shows the listing, a notebook the picture."""

    __slots__ = ("_direction", "_model")

    def __init__(self, model: Model, direction: str) -> None:
        self._model = model
        self._direction = direction

    def text(self) -> str:
        """Return a summary line and a listing: one line per node in creation order, each operation as a call."""
        from .text import listing

        return listing(self._model)

    def to_dot(self) -> str:
        """Return the picture in DOT, the language of Graphviz. Needs nothing installed."""
        from .boxes import picture
        from .dot import dot_source

        return dot_source(picture(self._model), self._direction)

    def to_mermaid(self) -> str:
        """Return the picture as a Mermaid flowchart, which GitHub draws in Markdown. Needs nothing installed.

        >>> import tensorgrad as tg
        >>> print(tg.graph(2 * tg.Tensor([1.0, 2.0, 3.0], requires_grad=True, name="x")).to_mermaid())
        flowchart TD
            n2_1["2"]:::constant
            n1_n2["x<br/>(3,)"]:::parameter
            n2("multiply<br/>(3,)"):::output
            n2_1 --> n2
            n1_n2 --> n2
            classDef parameter fill:#fdf2dc,stroke:#c28f2c,color:#1f2933
            classDef constant fill:#f4f5f6,stroke:#aab2ba,color:#1f2933
            classDef output fill:#e2f3e8,stroke:#3a8a59,color:#1f2933
        """
        from .boxes import picture
        from .mermaid import mermaid_source

        return mermaid_source(picture(self._model), self._direction)

    def svg(self, *, max_nodes: int = 2000) -> str:
        """Return the picture as an SVG document.

        Args:
            max_nodes: Refuse larger pictures; leaves count once per use.

        Raises:
            ImportError: Graphviz is missing; it comes with the extra ``draw``.
            RuntimeError: Graphviz is there and fails.
            ValueError: The picture has more than ``max_nodes`` boxes.
        """
        from . import render

        return render.svg(self._source(max_nodes))

    def png(self, *, max_nodes: int = 2000) -> bytes:
        """Return the picture as the bytes of a PNG image, 192 dots per inch (96 for a large graph).

        Limits and errors as for ``svg``; RuntimeError also on a Linux machine that has no fonts.
        """
        from . import render

        return render.png(self._source(max_nodes, image=True))

    def save(self, path: str | os.PathLike[str], *, max_nodes: int = 2000) -> Path:
        """Write the form that the path's ending names, .svg .png .dot .mmd or .txt, and return the path.

        The file appears whole or not at all. Errors as for ``svg``, and:

        Raises:
            OSError: The folder does not exist, or may not be written to.
            ValueError: The ending is none of these.
        """
        from pathlib import Path

        from ..files import write_whole

        path = Path(path)
        write_whole(path, self._in_form_of(path, max_nodes))
        return path

    def _in_form_of(self, path: Path, max_nodes: int) -> bytes:
        match path.suffix.lower():
            case ".svg":
                return self.svg(max_nodes=max_nodes).encode()
            case ".png":
                return self.png(max_nodes=max_nodes)
            case ".dot":
                return self.to_dot().encode()
            case ".mmd":
                return self.to_mermaid().encode()
            case ".txt":
                return f"{self.text()}\n".encode()
        raise ValueError(
            f"save() was given {path.name!r}. Expected: a name ending in .svg, .png, .dot, .mmd or .txt. "
            'Usual fix: save("graph.svg").'
        )

    def _source(self, max_nodes: int, *, image: bool = False) -> str:
        from .boxes import picture
        from .dot import dot_source

        shown = picture(self._model)
        if len(shown.boxes) > max_nodes:
            raise ValueError(
                f"This graph takes {len(shown.boxes):,} boxes ({self._model.summary()}). Expected: at most "
                f"{max_nodes:,}, which Graphviz lays out in seconds. Usual fix: draw a smaller model or fewer steps, "
                "read .text(), or raise max_nodes= if you can wait."
            )
        dots_per_inch = _SHARP if len(shown.boxes) <= _SCROLLED else _PLAIN
        return dot_source(shown, self._direction, dots_per_inch if image else None)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<Graph: {self._model.summary()}>"

    def _repr_svg_(self) -> str | None:
        """Show the picture in a notebook; where it cannot be drawn, the listing takes its place."""
        try:
            return self.svg()
        except (ImportError, OSError, RuntimeError, ValueError):
            return None

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self.text() if len(self._model.items) <= _SHORT else repr(self))
