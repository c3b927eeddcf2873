"""A picture of few colours as a PNG file, of some hundred bytes: for heat maps of many cells."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PALETTE = 3  # the colour type


def png(pixels: Any, colors: Sequence[str], transparent: int = 0) -> bytes:
    """Return rows and columns of numbers of colours ``"#rrggbb"``, at most 16, as a PNG image; one is transparent.

    Source: W3C, Portable Network Graphics, third edition, sections 5 (chunks) and 11 (IHDR, PLTE, tRNS).
    """
    height, width = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 4, _PALETTE, 0, 0, 0)
    palette = b"".join(bytes.fromhex(color.removeprefix("#")) for color in colors)
    alpha = bytes(0 if i == transparent else 255 for i in range(len(colors)))
    even = np.zeros((height, width + width % 2), np.uint8)
    even[:, :width] = pixels
    packed = even[:, ::2] << 4 | even[:, 1::2]  # two pixels in a byte
    lines = np.zeros((height, packed.shape[1] + 1), np.uint8)  # each begins with its filter: 0, none
    lines[:, 1:] = packed
    chunks = [(b"IHDR", header), (b"PLTE", palette), (b"tRNS", alpha), (b"IDAT", zlib.compress(lines.tobytes(), 9))]
    return _SIGNATURE + b"".join(_chunk(kind, data) for kind, data in [*chunks, (b"IEND", b"")])


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def data_uri(image: bytes) -> str:
    """Return a PNG image as an address that holds all of it."""
    return f"data:image/png;base64,{base64.b64encode(image).decode()}"
