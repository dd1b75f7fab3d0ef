"""Drawings as SVG and PNG."""

import math
from collections.abc import Iterable, Sequence
from html import escape
from io import BytesIO
from os import PathLike
from typing import cast

import numpy as np

from hitherto import files
from hitherto.arrays import Array
from hitherto.errors import DataError, MissingExtra, UsageError
from hitherto.media.pens import points

__all__ = ["draw", "png"]


def draw(
    value: object,
    path: str | PathLike[str] | None = None,
    *,
    columns: int | None = None,
    labels: Sequence[str] = (),
    size: int = 200,
    width: float | None = None,
) -> str:
    """The drawing as SVG, also written to `path`.

    With `columns`, `value` holds many drawings, and a sheet shows so many beside each other, each with its label.
    `size` is the longer side of a drawing and `width` that of a line, in pixels.
    """
    page = _Page(value, columns, labels, size, width)
    box = f"{page.width:g} {page.height:g}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {box}" width="{page.width:g}" height="{page.height:g}">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<g fill="none" stroke="black" stroke-width="{page.line:g}" stroke-linecap="round" stroke-linejoin="round">',
    ]
    for stroke in page.strokes:
        (x, y), *rest = np.round(stroke, 2).tolist()
        way = " ".join(f"{a:g},{b:g}" for a, b in rest) or f"{x:g},{y:g}"
        parts.append(f'<path d="M{x:g},{y:g} L{way}"/>')
    parts.append("</g>")
    for x, y, label in page.labels:
        parts.append(
            f'<text x="{x:g}" y="{y:g}" font-family="sans-serif" font-size="{page.letters:g}" text-anchor="middle">'
            f"{escape(label)}</text>"
        )
    text = "\n".join([*parts, "</svg>", ""])
    if path is not None:
        files.write(path, text)
    return text


def png(
    value: object,
    path: str | PathLike[str] | None = None,
    *,
    columns: int | None = None,
    labels: Sequence[str] = (),
    size: int = 200,
    width: float | None = None,
) -> bytes:
    """The same picture as `draw` makes, as the bytes of a PNG file."""
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError as error:
        raise MissingExtra("drawing a PNG", "pillow", "image") from error
    page = _Page(value, columns, labels, size, width)
    fine = 4  # drawn so much larger, and made smaller, edges are smooth
    if page.width * page.height * fine * fine > 1 << 29:
        raise UsageError(
            f"a picture of {page.width:g} x {page.height:g} is too large: draw fewer, or a smaller size."
        )
    image = Image.new("L", (fine * math.ceil(page.width), fine * math.ceil(page.height)), 255)
    pen = ImageDraw.Draw(image)
    half = fine * page.line / 2
    for stroke in page.strokes:
        at = [(float(x), float(y)) for x, y in stroke * fine]
        pen.line(at, fill=0, width=max(1, round(2 * half)))
        for x, y in at:
            pen.ellipse((x - half, y - half, x + half, y + half), fill=0)
    font = ImageFont.load_default(fine * page.letters) if page.labels else None
    for x, y, label in page.labels:
        pen.text((fine * x, fine * y), label, fill=0, font=font, anchor="ms")
    image = image.resize((math.ceil(page.width), math.ceil(page.height)), Image.Resampling.BOX)
    file = BytesIO()
    image.save(file, "PNG")
    if path is not None:
        files.write(path, file.getvalue())
    return file.getvalue()


class _Page:
    """Where everything of a picture lies, in pixels."""

    def __init__(
        self, value: object, columns: int | None, labels: Sequence[str], size: int, width: float | None
    ) -> None:
        if columns is not None and columns < 1:
            raise UsageError(f"columns must be 1 at least, but is {columns}.")
        if not size >= 1 or (width is not None and not width > 0):
            raise UsageError(f"size and width must be above 0, but are {size} and {width}.")
        drawings = [value] if columns is None else list(cast("Iterable[object]", value))
        if not drawings:
            raise DataError("there are no drawings")
        labels = ["".join(c if c.isprintable() else " " for c in str(label)) for label in labels]
        if labels and len(labels) != len(drawings):
            raise UsageError(f"{len(drawings)} drawings need as many labels, but {len(labels)} came.")
        self.line = width or max(1.0, size / 50)
        margin = size / 20 + self.line
        fitted = [_fitted(points(drawing), size) for drawing in drawings]
        boxes = np.array([np.max([s.max(0) for s in strokes], 0) for strokes in fitted])  # [N, 2]
        self.letters = max(9.0, size / 10)
        cell = boxes.max(0) + 2 * margin + (0, 1.5 * self.letters if labels else 0)
        columns = min(columns or 1, len(drawings))
        self.strokes: list[Array] = []
        self.labels: list[tuple[float, float, str]] = []
        for i, strokes in enumerate(fitted):
            corner = cell * (i % columns, i // columns)
            inner = corner + margin + (boxes.max(0) - boxes[i]) / 2
            self.strokes += [stroke + inner for stroke in strokes]
            if labels:
                self.labels.append(
                    (corner[0] + cell[0] / 2, corner[1] + cell[1] - self.letters / 2, labels[i])
                )
        self.width, self.height = np.ceil(cell * (columns, -(-len(drawings) // columns))).tolist()


def _fitted(strokes: list[Array], size: float) -> list[Array]:
    """From 0, the longer side being `size`."""
    low = np.min([stroke.min(0) for stroke in strokes], 0)
    high = np.max([stroke.max(0) for stroke in strokes], 0)
    factor = size / longer if (longer := float((high - low).max())) > 0 else 1.0
    return [(stroke - low) * factor for stroke in strokes]
