"""Parts of a page that show what a model holds: strips of units over steps, and words shaded by what they did."""

import base64
import html
import math
import struct
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hitherto.arrays import Array

if TYPE_CHECKING:
    from hitherto.report.page import Section

__all__ = ["shaded", "strips"]

FOR, AGAINST = (0, 114, 178), (213, 94, 0)  # told apart by every eye, on light and on dark
WIDEST = 680  # pixels of a strip


def strips(section: "Section") -> str:
    """Each item as a strip: a row for each unit, a column for each step."""
    return "".join(_strip(item) for item in section["items"])


def _strip(item: "Section") -> str:
    values = np.asarray(item["values"], np.float64)  # [rows, columns]
    rows, columns = values.shape
    wide = item.get("wide") or max(1.0, min(26.0, WIDEST / max(1, columns)))
    high = item.get("high") or max(1.0, min(12.0, 220 / max(1, rows)))
    names = _slanted(item["columns"], wide)
    top = max((0.87 * _width(name) for _, name in names), default=0) + (14 if names else 2)
    width, height = wide * columns, high * rows
    labels = "".join(
        f'<text transform="translate({wide * (i + 0.5) + 3:.0f} {top - 5:.0f}) rotate(-60)">{html.escape(name)}</text>'
        for i, name in names
    )
    image = base64.b64encode(_png(values / max(1e-12, item["most"]))).decode()
    total = width + 80, top + height + 2
    return (
        f"<figure><figcaption>{html.escape(item['caption'])}</figcaption>"
        f'<div class="wide"><svg viewBox="0 0 {total[0]:.0f} {total[1]:.0f}" style="width:{total[0]:.0f}px" role="img" '
        f'aria-label="{html.escape(item["caption"])}">{labels}'
        f'<rect y="{top:.0f}" width="{width:.0f}" height="{height:.0f}" fill="var(--soft)"/>'
        f'<image href="data:image/png;base64,{image}" y="{top:.0f}" width="{width:.0f}" height="{height:.0f}" '
        'preserveAspectRatio="none" style="image-rendering:pixelated"/></svg></div></figure>'
    )


def _slanted(names: Sequence[str], wide: float) -> list[tuple[int, str]]:
    """As many names as have room, each with its place."""
    every = max(1, math.ceil(13 / wide))
    short = [name if len(name) <= 16 else name[:15] + "…" for name in names]
    return [(i, short[i].replace("\n", "⏎").replace(" ", "␣")) for i in range(0, len(short), every)]


def _width(text: str) -> float:
    return sum(12.0 if c >= "\u1100" else 7.0 for c in text)


def _png(values: Array) -> bytes:
    """A pixel for each value from -1 to 1, as strong as it is; what is not finite is left out."""
    values = np.clip(np.nan_to_num(values, nan=0.0), -1, 1)
    pixels = np.zeros((*values.shape, 4), np.uint8)
    pixels[..., :3] = np.where((values >= 0)[..., None], FOR, AGAINST)
    pixels[..., 3] = np.round(255 * np.abs(values))
    height, width = values.shape
    lines = np.zeros((height, 1 + 4 * width), np.uint8)  # each begins with its filter, none
    lines[:, 1:] = pixels.reshape(height, -1)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)),
            (b"IDAT", zlib.compress(lines.tobytes(), 9)),
            (b"IEND", b""),
        )
    )


def shaded(section: "Section") -> str:
    """Lines of words, each shaded by its weight: blue for what speaks for an answer, orange for what speaks against."""
    lines = []
    for item in section["items"]:
        weights = [float(w) for w in item["weights"]]
        most = max((abs(w) for w in weights if math.isfinite(w)), default=0) or 1
        parts = []
        for word, weight in zip(item["words"], weights, strict=True):
            share = 0.85 * min(1.0, abs(weight) / most) if math.isfinite(weight) else 0
            colour = ",".join(map(str, FOR if weight >= 0 else AGAINST))
            seen = html.escape(word).replace("\n", "⏎").replace(" ", "␣") or "␣"
            parts.append(
                f'<span style="background:rgba({colour},{share:.2f})" title="{weight:.3g}">{seen}</span>'
            )
        caption = html.escape(item["caption"])
        lines.append(
            f'<figure><figcaption>{caption}</figcaption><div class="words">{" ".join(parts)}</div></figure>'
        )
    return "".join(lines)
