"""Pictures beside each other over their captions, as one SVG."""

import base64
import html
from collections.abc import Sequence
from textwrap import wrap

import numpy as np

from hitherto.arrays import Array
from hitherto.bounds import check_count
from hitherto.codecs.base import Codec
from hitherto.errors import UsageError
from hitherto.media.pictures import png
from hitherto.report.curves import Section

__all__ = ["contact_sheet", "sheet"]

FRAMES = 6  # of a video in a contact sheet


def sheet(pictures: Sequence[Array], captions: Sequence[str], columns: int = 6) -> str:
    """An SVG of pictures, as `png` takes them, each over its caption of two lines at most; it holds all it shows."""
    check_count("columns", columns)
    if len(pictures) != len(captions):
        raise UsageError(f"expected a caption for each of {len(pictures)} pictures, but got {len(captions)}.")
    W, GAP, LINE = 720, 12, 15
    cell = W / columns
    letters = max(3, int((cell - GAP) / 6.5))
    parts: list[str] = []
    y = 0.0
    for begin in range(0, len(pictures), columns):
        arrays = [np.asarray(picture) for picture in pictures[begin : begin + columns]]
        scales = [min((cell - GAP) / a.shape[1], (cell - GAP) / a.shape[0], 8) for a in arrays]
        tall = max(scale * a.shape[0] for scale, a in zip(scales, arrays, strict=True))
        lines = 1
        for i, (array, scale) in enumerate(zip(arrays, scales, strict=True)):
            caption = "".join(c if c.isprintable() else " " for c in str(captions[begin + i]))
            wrapped = wrap(caption, letters, max_lines=2, placeholder="…")
            lines = max(lines, len(wrapped))
            wide, high = scale * array.shape[1], scale * array.shape[0]
            data = base64.b64encode(png(array)).decode()
            look = ' style="image-rendering:pixelated"' if scale >= 2 else ""
            parts.append(
                f'<g transform="translate({cell * i:.0f} {y + tall - high:.0f})"><title>{html.escape(caption)}</title>'
                f'<image width="{wide:.1f}" height="{high:.1f}"{look} href="data:image/png;base64,{data}"/>'
                + "".join(
                    f'<text y="{high + LINE * (k + 1):.0f}">{html.escape(line)}</text>'
                    for k, line in enumerate(wrapped)
                )
                + "</g>"
            )
        y += tall + LINE * lines + 7
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {W} {y:.0f}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="#66707a">{"".join(parts)}</svg>'
    )


def contact_sheet(
    codec: Codec, x: Sequence[Array], texts: Sequence[str], title: str = "Seen and said"
) -> Section:
    """Pictures, or some frames of each video, over the texts that belong to them."""
    pictures = [_still(np.asarray(codec.decode(one))) for one in x]
    wide = any(picture.shape[1] > 3 * picture.shape[0] for picture in pictures)
    return {
        "kind": "pictures",
        "title": title,
        "items": [("", sheet(pictures, texts, columns=2 if wide else 4))],
    }


def _still(value: Array) -> Array:
    """A picture as it is; of a video, [T, H, W, C], some frames beside each other."""
    if value.ndim < 4:
        return value
    some = np.linspace(0, len(value) - 1, min(len(value), FRAMES)).astype(int)
    return np.concatenate(list(value[some]), 1)
