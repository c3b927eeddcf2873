"""History: what was measured after each epoch, and its curves."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

from ..files import write_whole


class History:
    """Numbers per epoch.

    Attributes:
        loss: Mean training loss of each epoch.
        validation_loss: Loss on the validation data after each epoch; empty without such data.
        metric: The metric on the validation data after each epoch; empty without a metric.
        metric_name: What to call it.
    """

    def __init__(self, metric_name: str = "metric") -> None:
        self.loss: list[float] = []
        self.validation_loss: list[float] = []
        self.metric: list[float] = []
        self.metric_name = metric_name

    def __repr__(self) -> str:
        last = f", loss {self.loss[-1]:.4g}" if self.loss else ""
        last += f", {self.metric_name} {self.metric[-1]:.4g}" if self.metric else ""
        return f"<History: {len(self.loss)} epochs{last}>"

    def save_plot(self, path: str | os.PathLike[str]) -> Path:
        """Draw the curves into a PNG or SVG file; its name's ending says which. Returns the path.

        Raises:
            ImportError: matplotlib is missing.
            ValueError: The name has no such ending.
        """
        try:
            from matplotlib.figure import Figure  # not pyplot: no window, and nothing that outlives the figure
            from matplotlib.ticker import MaxNLocator
        except ImportError:
            raise ImportError(
                "curves need matplotlib. Usual fix: pip install '.[train]' in the tensorgrad checkout."
            ) from None
        target = Path(path)
        figure = Figure(figsize=(9 if self.metric else 5, 3.6), dpi=150, layout="constrained")
        if target.suffix[1:].lower() not in figure.canvas.get_supported_filetypes():
            raise ValueError(
                f"save_plot was given the name {target.name!r}. Expected: an ending that says what to draw, .png or "
                f".svg. Usual fix: {target.stem + '.png'!r}."
            )
        panels = figure.subplots(1, 2 if self.metric else 1, squeeze=False)[0]
        epochs = range(1, len(self.loss) + 1)
        _curve(panels[0], epochs, self.loss, "training", "#4a7fb5")
        if self.validation_loss:
            _curve(panels[0], epochs, self.validation_loss, "held out", "#c28f2c")
        positive = all(value > 0 for value in [*self.loss, *self.validation_loss])
        panels[0].set(title="Loss", xlabel="epoch", yscale="log" if positive else "linear")
        panels[0].legend(frameon=False)
        if self.metric:
            _curve(panels[1], epochs, self.metric, "held out", "#c28f2c")
            panels[1].set(title=self.metric_name.capitalize(), xlabel="epoch")
            best = f"{self.metric[-1]:.1%}" if 0 <= self.metric[-1] <= 1 else f"{self.metric[-1]:.4g}"
            panels[1].annotate(
                best, (len(self.metric), self.metric[-1]), (-4, -14), textcoords="offset points", ha="right"
            )
        for panel in panels:
            panel.xaxis.set_major_locator(MaxNLocator(integer=True))
            panel.grid(alpha=0.25)
            panel.spines[["top", "right"]].set_visible(False)
        target.parent.mkdir(parents=True, exist_ok=True)
        picture = io.BytesIO()
        figure.savefig(picture, format=target.suffix[1:].lower())
        write_whole(target, picture.getvalue())
        return target


def _curve(panel: Any, epochs: range, values: list[float], label: str, colour: str) -> None:
    panel.plot(epochs, values, label=label, color=colour, linewidth=1.8, marker="o" if len(values) < 3 else None)
