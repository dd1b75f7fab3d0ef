"""The most probable symbol at each step."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from hitherto.arrays import Array
from hitherto.decode.options import DecodeOptions
from hitherto.decode.sample import State, Step, sample
from hitherto.errors import InputError, UsageError
from hitherto.heads import BLANK
from hitherto.slots import ANY, LATE, Slot, Slots

__all__ = [
    "ALONE",
    "SCORES",
    "CtcGreedy",
    "Symbol",
    "check_said",
    "ctc_greedy",
    "distributions",
    "greedy",
    "symbols_of",
]

Symbol = tuple[int, int]  # a class, and the step at which it is


def greedy(step: Step, state: State, log_probs: Array, options: DecodeOptions) -> Iterator[int]:
    """The most probable token every time; of equals the lowest."""
    return sample(step, state, log_probs, replace(options, temperature=0.0))


# ------------------------------------------------------------------- connectionist temporal classification


SCORES = 6  # of a text, as `_Prefix.begin` takes them
ALONE = ("numbers", "said")  # parts of a search's state that are not of each text


def check_said(symbols: Array, steps: int, classes: int) -> None:
    """A UsageError unless final symbols, [n, 2], have these classes and steps."""
    if (symbols[:, 0] >= classes).any() or (symbols[:, 1] >= steps).any():
        raise UsageError(f"what was said is not of {classes} classes and {steps} steps.")


class CtcGreedy:
    """The symbols of the most probable class of each step, as the steps come.

    Its methods are those of `PrefixBeam`. A symbol is final when the run of its class is over. Its step is the best one
    of that run, the first of equals.
    """

    def __init__(self, blank: int = BLANK) -> None:
        self.blank = blank
        self.said: list[Symbol] = []
        self.ended = False
        self._steps = self._classes = 0
        # that is not over: its class, best log-probability and step
        self._run: tuple[int, float, int] | None = None

    def push(self, log_probs: Array) -> list[Symbol]:
        """Read these steps, [t, K]; return the symbols that became final."""
        if self.ended:
            raise UsageError("the input has ended: begin another search.")
        log_probs = distributions(log_probs)
        T, K = log_probs.shape
        if not T:
            return []
        if self._classes not in (0, K):
            raise InputError(f"the steps before had {self._classes} classes, but these have {K}.")
        self._classes = K
        before = [] if self._run is None else [self._run]
        best = np.array([c for c, _, _ in before] + log_probs.argmax(1).tolist())
        values = np.array([v for _, v, _ in before] + log_probs.max(1).tolist())
        times = np.array([t for _, _, t in before] + list(range(self._steps, self._steps + T)))
        self._steps += T
        starts = np.flatnonzero(np.diff(best, prepend=-1))  # of runs
        run = np.repeat(
            np.arange(len(starts)), np.diff(starts, append=len(best))
        )  # which one each step is in
        tops = np.flatnonzero(values == np.maximum.reduceat(values, starts)[run])
        tops = tops[np.unique(run[tops], return_index=True)[1]]  # the first of equals
        symbols = list(zip(best[tops].tolist(), values[tops].tolist(), times[tops].tolist(), strict=True))
        self._run = symbols.pop()
        final = [(c, t) for c, _, t in symbols if c != self.blank % K]
        self.said += final
        return final

    def peek(self) -> list[Symbol]:
        """The text so far, final symbols included."""
        if self._run is None or self._run[0] == self.blank % self._classes:
            return [*self.said]
        return [*self.said, (self._run[0], self._run[2])]

    def finish(self) -> list[Symbol]:
        """The end of the input: the symbols that were not final."""
        rest = self.peek()[len(self.said) :]
        self._run, self.ended = None, True
        self.said += rest
        return rest

    def slots(self, _classes: int) -> Slots:
        """What the arrays of the state may be, of steps with so many classes."""
        return {
            "numbers": Slot(np.int64, (5,), low=-1, high=LATE),
            "said": Slot(np.int64, (ANY, 2), low=0, high=LATE),
            "value": Slot(np.float64, (1,), low=-np.inf, high=1e-6),
        }

    def sound(self, arrays: Mapping[str, Array], classes: int) -> None:
        """UsageError unless these arrays, each of which fits its slot, fit each other too."""
        steps, ended, K, number, step = arrays["numbers"].tolist()
        begun = classes == K and number < K and 0 <= step < steps
        if ended not in (0, 1) or steps < 0 or not (begun or (number == -1 and K in (0, classes))):
            raise UsageError("the numbers of the search do not fit each other.")
        check_said(arrays["said"], steps, classes)

    @property
    def state(self) -> dict[str, Array]:
        number, value, step = self._run or (-1, 0.0, 0)
        return {
            "numbers": np.array([self._steps, self.ended, self._classes, number, step], np.int64),
            "said": np.array(self.said, np.int64).reshape(-1, 2),
            "value": np.array([value]),
        }

    @state.setter
    def state(self, value: Mapping[str, Array]) -> None:
        self._steps, ended, self._classes, number, step = value["numbers"].tolist()
        self.ended = bool(ended)
        self.said = [(c, t) for c, t in value["said"].tolist()]
        self._run = None if number < 0 else (number, float(value["value"][0]), step)


def ctc_greedy(log_probs: Array, blank: int = BLANK) -> tuple[Array, Array]:
    """The symbols of the most probable classes of all steps, [T, K], and the best step of each one's run."""
    search = CtcGreedy(blank)
    search.push(log_probs)
    search.finish()
    symbols = np.array(search.said, np.int64).reshape(-1, 2)
    return symbols[:, 0], symbols[:, 1]


def distributions(log_probs: Array) -> Array:
    """[T, K] in float64, once it is known to be log-probabilities of two classes at least."""
    log_probs = np.asarray(log_probs, np.float64)
    if log_probs.ndim != 2 or log_probs.shape[1] < 2:
        raise InputError(
            f"expected log-probabilities [T, K] of 2 classes or more, but got {list(log_probs.shape)}."
        )
    top = log_probs.max(1, initial=-np.inf)
    wrong = np.flatnonzero(~((top > -np.inf) & (top < 1e-3)))
    if len(wrong):
        raise InputError(
            "log-probabilities must not be above 0, nor NaN, nor all -inf, but the highest of step "
            f"{wrong[0]} is {top[wrong[0]]}; give what log_softmax makes of the head's numbers."
        )
    return log_probs


def symbols_of(log_probs: Array, blank: int = BLANK) -> Iterator[int]:
    """The symbols of `ctc_greedy`."""
    yield from ctc_greedy(log_probs, blank)[0].tolist()
