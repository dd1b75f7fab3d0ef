"""The decoders: a row each."""

from collections.abc import Callable, Iterator

from hitherto.decode.beam import best_beam
from hitherto.decode.ctc import best_text
from hitherto.decode.greedy import greedy, symbols_of
from hitherto.decode.sample import sample

__all__ = ["DECODERS"]

DECODERS: dict[str, Callable[..., Iterator[int]]] = {
    "greedy": greedy,
    "sample": sample,
    "beam": best_beam,
    "ctc_greedy": symbols_of,
    "ctc_beam": best_text,
}
