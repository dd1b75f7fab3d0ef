"""What an operation of a plan is, and what a plan is made of: the types that its rows and its readers share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NotRequired, TypedDict

from hitherto.heads.parts import Options, Shapes

__all__ = ["PROGRAMS", "HeadOptions", "Input", "Lookback", "Op", "Operation", "Plan", "Program", "no"]

Program = Literal["encode", "bridge", "step"]
PROGRAMS: tuple[Program, ...] = ("encode", "bridge", "step")  # in the order in which they run


class Lookback(TypedDict):
    """A step that is a window of a series: sizes, as the operation `segments` has them."""

    window: int
    mask: bool
    beside: int
    ahead: int


class Input(TypedDict):
    """One step of what a program reads."""

    kind: str  # ids or vectors
    size: int
    shape: NotRequired[list[int]]  # of an image: height, width, channels
    single: NotRequired[bool]  # it is always one step
    lookback: NotRequired[Lookback]
    spelled: NotRequired[list[int]]  # of a word, its shape and its letters: how many of each there are


class Operation(TypedDict):
    """One operation of a program; its row in `OPS` says what its options are."""

    op: str
    name: str
    inputs: list[str]
    outputs: list[str]
    options: Options
    weights: NotRequired[dict[str, str]]  # of those that are another's tensors: the tensors' names


class HeadOptions(TypedDict):
    """The head of a plan; its row in `HEADS` says what its options are."""

    kind: str
    name: str
    options: Options


class Plan(TypedDict):
    """A model as data, as a bundle has it."""

    form: str
    inputs: Mapping[str, Input]
    step: list[Operation]
    head: HeadOptions
    encode: NotRequired[list[Operation]]
    bridge: NotRequired[list[Operation]]


def same(_o: Options, width: int) -> int:
    return width


def no_work(_o: Options) -> int:
    return 0


def no(_o: Options) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Op:
    """One row of `OPS`: all that is known of an operation, except how an executor runs it."""

    name: str
    options: Mapping[str, object]  # the type of each, with its bounds
    weights: Callable[[Options], Shapes]
    states: Callable[[Options], Shapes]  # each [K, W]
    # The width of its output, from that of its input; UsageError if the input does not fit.
    width: Callable[[Options, int], int] = same
    optional: frozenset[str] = frozenset()  # options that some cells lack, or that came later
    programs: tuple[Program, ...] = ("encode", "step")  # where it may stand
    reads: Literal["ids", "vectors"] = "vectors"
    looks: bool = False  # it reads the memory too
    # Where it looks by keys: the weight, and the bias if there is one, of the linear map from the memory to the keys.
    keys: Callable[[Options], tuple[str, str | None]] | None = None
    decodes: bool = False  # its steps come one after the other: nothing beside it pools or reads from the end
    stepwise: Callable[[Options], bool] = (
        no  # it needs all of the step before, so the program runs step by step
    )
    pools: bool = False  # it makes one value of all steps
    behind: bool = False  # it stands behind a pool alone, and reads states as they are then
    passes: bool = False  # it gives on what it reads, ids as ids
    stage: bool = True  # the engine runs it as a step of its own
    heads: bool = False  # it may be the head's operation
    places: Callable[[Options], int] | None = None  # it makes so many steps of each
    beside: str = ""  # the head that reads its output, which goes beside the chain
    gate: bool = False  # this output is a linear map of the features to one number, `gate`
    lends: tuple[str, ...] = ()  # those of its weights that this head reads, by these names
    state: str = ""  # the option that names a state which it reads or writes
    fits: Callable[[Options, int, tuple[int, int]], bool] | None = None  # whether that state does, [K, W]
    work: Callable[[Options], int] = no_work  # multiplications of a step, where its weights do not tell

    def reads_from_the_end(self, options: Options) -> bool:
        """Whether it needs all steps before it gives the first."""
        return bool(options.get("bidirectional")) and not self.pools
