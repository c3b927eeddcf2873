"""See a graph: ``tg.graph(loss)`` as text, DOT, Mermaid, SVG or PNG."""

from .drawing import Graph, graph

__all__ = ["Graph", "graph"]
