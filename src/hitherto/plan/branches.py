"""What the branches beside the layers compute: n-grams of tokens as rows of a table, and statistics of numbers.

    bag        the sum of the rows of all n-grams so far, divided by the square root of how many they are
    summary    statistics of each number of all steps so far, standardised

Both give on what they read, and hold their numbers in the state `value`. `join` puts that state beside what a pool
made, so that the head reads both. All executors share what stands here.
"""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from hitherto.arrays import Array
from hitherto.bounds import Rate, Size
from hitherto.errors import UsageError
from hitherto.heads.parts import Options, Shapes
from hitherto.plan.op import Op

__all__ = ["BRANCHES", "STATISTICS", "WIDE", "WIDEST_BAG", "gram_row", "summary_size"]

Grams = Annotated[int, Meta(ge=1, le=8)]  # tokens of the longest n-gram
Buckets = Annotated[int, Meta(ge=1, le=1 << 24)]  # rows that the n-grams of two tokens or more share
LARGEST = (1 << 24) - 1  # ids: a state holds an id and one as float32, which is exact up to here

# Of each number of a step, over all steps so far: its mean, standard deviation, minimum, maximum, first and last value,
# and the mean of how much it changes from step to step. After them comes log(1 + steps).
STATISTICS = ("mean", "deviation", "minimum", "maximum", "first", "last", "change")
WIDEST_BAG = 64  # numbers of a row of n-grams: where there are more classes, they share them
WIDE = 8.0  # what is standardised is cut to -WIDE .. WIDE

_BITS = 0xFFFFFFFF


def gram_row(ids: Sequence[Array], size: int, buckets: int) -> Array:
    """The row of each n-gram, whose ids come oldest first, as int64 arrays of numpy or torch.

    That of a single id is the id. Those of longer ones are `size` and a hash of 32 bits, modulo `buckets`: the length
    of the n-gram, multiplied by 16777619 after each id is xored to it, and then mixed.
    """
    if len(ids) == 1:
        return ids[0]
    h = (ids[0] ^ len(ids)) * 16777619 & _BITS
    for i in ids[1:]:
        h = (h ^ i) * 16777619 & _BITS
    h = (h ^ (h >> 15)) * 0x2C1B3C6D & _BITS
    h = (h ^ (h >> 12)) * 0x297A2D39 & _BITS
    row: Array = size + (h ^ (h >> 15)) % buckets
    return row


def _bag_states(o: Options) -> Shapes:
    """The order is that of the memory of a row, which the extension counts on."""
    return {
        "sum": (1, o["width"]),
        "value": (1, o["width"]),
        "count": (1, 1),
        "last": (1, o["grams"]),  # the last ids and one, the newest last; 0 before there are so many
    }


def _bag_width(o: Options, width: int) -> int:
    if o["size"] != width:
        raise UsageError(f"reads {o['size']:,} ids, but gets {width:,}")
    if width >= LARGEST:
        raise UsageError(f"reads {width:,} ids, and {LARGEST:,} are too many to remember")
    return width


def summary_size(size: int) -> int:
    """How many statistics there are of steps of `size` numbers."""
    return len(STATISTICS) * size + 1


def _summary_states(o: Options) -> Shapes:
    """The order is that of the memory of a row, which the extension counts on.

    `parts` has, as rows, the mean, the sum of squared distances from it, the minimum, the maximum, the first value, the
    last one and the sum of the changes.
    """
    return {
        "parts": (len(STATISTICS), o["size"]),
        "value": (1, summary_size(o["size"])),
        "count": (1, 1),
    }


def _summary_width(o: Options, width: int) -> int:
    if o["size"] != width:
        raise UsageError(f"reads {o['size']:,} numbers, but gets {width:,}")
    return width


def _nothing(_o: Options) -> Shapes:
    return {}


BRANCHES: dict[str, Op] = {
    # Its input, unchanged. Beside it goes a sum over all n-grams of up to `grams` tokens.
    "bag": Op(
        "bag",
        {"size": Size, "buckets": Buckets, "grams": Grams, "width": Size, "dropout": Rate},
        lambda o: {"weight": (o["size"] + o["buckets"], o["width"])},
        _bag_states,
        width=_bag_width,
        programs=("step",),
        reads="ids",
        passes=True,
        work=lambda o: int(o["grams"] * o["width"]),
    ),
    # Its input, unchanged. Beside it go statistics of all steps: (statistics - shift) * scale.
    "summary": Op(
        "summary",
        {"size": Size},
        lambda o: dict.fromkeys(("shift", "scale"), (summary_size(o["size"]),)),
        _summary_states,
        width=_summary_width,
        programs=("step",),
        passes=True,
    ),
    # Its input, and beside it the state of another operation, as it is after the last step.
    "join": Op(
        "join",
        {"size": Size, "state": Annotated[str, Meta(min_length=1)], "dropout": Rate},
        _nothing,
        _nothing,
        width=lambda o, width: width + int(o["size"]),
        programs=("step",),
        behind=True,
        state="state",
        fits=lambda o, _width, state: state == (1, o["size"]),
    ),
}
