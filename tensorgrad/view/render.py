"""From DOT to SVG and PNG: the one file that knows of pygraphviz and graphviz, both optional.

pygraphviz carries the Graphviz engine in its wheels. It runs in a child process: the engine keeps global state, so two
threads must not enter it, prints font warnings from C, and cannot be interrupted. Without it, the graphviz package
drives a ``dot`` on the path.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

_CHILD = """
import sys
sys.path.append(sys.argv[2])
from pygraphviz import AGraph
source = sys.stdin.buffer.read().decode()
sys.stdout.buffer.write(AGraph(string=source).draw(format=sys.argv[1], prog="dot"))
"""
_FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""


def svg(source: str) -> str:
    """Return a DOT source drawn as an SVG document."""
    return _centred(_drawn(source, "svg").decode())


def png(source: str) -> bytes:
    """Return a DOT source drawn as a PNG image."""
    return _drawn(source, "png")


def _drawn(source: str, kind: str) -> bytes:
    if (package := _folder("pygraphviz")) is not None:
        return _by_pygraphviz(source, kind, package)
    if _folder("graphviz") is not None and which("dot"):
        return _by_graphviz(source, kind)
    raise ImportError(
        f"{kind.upper()} pictures need Graphviz, and neither pygraphviz (which carries it) nor the graphviz package "
        'with a `dot` program on the path was found. Usual fix: pip install ".[draw]" in the tensorgrad checkout. '
        "The methods .text(), .to_dot() and .to_mermaid() need neither."
    )


def _folder(package: str) -> Path | None:
    """Where a package is installed, found without importing it."""
    spec = find_spec(package)
    return Path(spec.origin).parent if spec is not None and spec.origin else None


def _by_pygraphviz(source: str, kind: str, package: Path) -> bytes:
    command = [sys.executable, "-P", "-W", "ignore", "-c", _CHILD, kind, str(package.parent)]
    with TemporaryDirectory(prefix="tensorgrad-") as folder:
        environment = os.environ | _lent_fonts(Path(folder), kind)
        done = subprocess.run(command, input=source.encode(), capture_output=True, env=environment, check=False)
    if done.returncode or not done.stdout:
        raise _gave_up(done.returncode, done.stderr)
    return done.stdout


def _by_graphviz(source: str, kind: str) -> bytes:
    import graphviz

    try:
        return bytes(graphviz.pipe("dot", kind, source.encode(), quiet=True))
    except subprocess.CalledProcessError as error:
        raise _gave_up(error.returncode, error.stderr or b"") from error


def _gave_up(status: int, messages: bytes) -> RuntimeError:
    said = messages.decode(errors="replace").strip().rpartition("\n")[2] or "no message"
    return RuntimeError(
        f"Graphviz did not draw this graph (exit status {status}: {said}). Expected: a working Graphviz and a graph of "
        "at most some thousand boxes. Usual fix: reinstall pygraphviz if it could not be loaded; else draw a smaller "
        "model or fewer steps of it. .text() always works."
    )


def _lent_fonts(folder: Path, kind: str) -> dict[str, str]:
    """On a Linux machine without any font (a slim container), lend the engine those that matplotlib carries."""
    if sys.platform != "linux" or "FONTCONFIG_FILE" in os.environ or Path("/etc/fonts/fonts.conf").exists():
        return {}
    if any(Path("/usr/share/fonts").glob("**/*.[ot]t[fc]")):
        return {}
    if (matplotlib := _folder("matplotlib")) is None:
        if kind == "svg":
            return {}  # the viewer brings its own fonts
        raise RuntimeError(
            "This machine has no fonts: a PNG would show empty boxes for letters. Usual fix: install one "
            "(apt-get install fonts-dejavu-core) or matplotlib, which carries some; or draw an SVG."
        )
    file = folder / "fonts.conf"
    file.write_text(_FONTS.format(fonts=matplotlib / "mpl-data/fonts/ttf", cache=folder), encoding="utf-8")
    return {"FONTCONFIG_FILE": str(file)}


def _centred(document: str) -> str:
    """Anchor each text at the middle of its box: Graphviz anchors its start, measured in a font the viewer may lack."""
    document = re.sub(r"<title>.*?</title>\n", "", document)  # shown on hover, and they are our internal keys
    return re.sub(r'<g id="node\d+".*?</g>', _centred_box, document, flags=re.DOTALL)


def _centred_box(group: re.Match[str]) -> str:
    outline = re.search(r' (?:points|d)="([^"]*)"', group[0])
    if outline is None:
        return group[0]
    across = [float(x) for x in re.findall(r"(-?[\d.]+),-?[\d.]+", outline[1])]
    middle = f"{(min(across) + max(across)) / 2:.2f}"
    return re.sub(r'text-anchor="start" x="[^"]*"', f'text-anchor="middle" x="{middle}"', group[0])
