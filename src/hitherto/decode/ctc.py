"""The most probable texts of connectionist temporal classification, as its steps come."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from hitherto.arrays import Array
from hitherto.decode.greedy import ALONE, SCORES, Symbol, check_said, distributions
from hitherto.decode.sample import Step
from hitherto.errors import InputError, UsageError
from hitherto.heads import BLANK
from hitherto.slots import ANY, LATE, Slot, Slots

__all__ = ["PrefixBeam", "best_text"]

# A step, the state before any symbol, the log-probabilities of the first.
Scorer = tuple[Step, dict[str, Array], Array]

MARGIN = (
    12.0  # nats below the best: texts six millionths as probable are given up, so that they delay no answer
)
NEVER = -1e9  # for a symbol that a language model makes impossible: finite, so that ranks can be compared
_BLOCK = 256  # steps prepared at a time


class PrefixBeam:
    """A search for the most probable text of a head `ctc`, as its log-probabilities come.

    search = PrefixBeam(8)
    search.push(log_probs)    more steps, [t, K]: the symbols that became final, each as (class, step)
    search.peek()             the best text so far: `said`, which is final, and the rest, which may still change
    search.n_best(3)          the best texts and their scores
    search.finish()           the rest of the best text
    search.state              the state, a dict of arrays; set it to continue from there

    Each step keeps the `width` most probable texts, each with all of its alignments (Hannun et al. 2014), if they are
    within `MARGIN` of the best. A width of None keeps all: exact, and only for tests. The search skips only what cannot
    be among them. `blank` is the class of no symbol.

    `scorer` is a language model of the same classes: `step`, its state before any symbol (a dict of [K, 1, W] arrays)
    and the log-probabilities of the first symbol, [1, V]. A text's score is its log-probability + `weight` * that of
    the language model + `bonus` * its length. `step` is called once for each text that the search extends, with all
    those of an input step at once.

    A symbol is final when all texts have it and its run has ended. It is also final `delay` steps after it: then the
    search gives up the texts that begin in another way, as two about equally good ones may otherwise stay for ever. A
    delay of None waits. The pieces of the input do not matter. A symbol's step is the most probable one of its run, on
    the best alignment of the best text; steps never decrease. In a stream without an end, empty `said` now and then:
    nothing else grows.
    """

    def __init__(
        self,
        width: int | None = 8,
        blank: int = BLANK,
        scorer: Scorer | None = None,
        weight: float = 0.5,
        bonus: float = 0.0,
        delay: int | None = 100,
    ) -> None:
        if (width is not None and width < 1) or (delay is not None and delay < 1):
            raise UsageError(f"width and delay must be 1 at least, but came as {width} and {delay}.")
        if not (weight >= 0 and math.isfinite(weight) and math.isfinite(bonus)):
            raise UsageError(
                f"weight must be 0 or more and bonus a number, both finite, but they came as {weight} and {bonus}."
            )
        self.width, self.blank, self.delay = width, blank, delay
        self.scorer, self.weight, self.bonus = scorer, weight, bonus
        self.said: list[Symbol] = []
        self.steps = 0
        self.ended = False
        self._latest = 0  # the step of the last symbol said
        self._classes = 0  # unknown until the first step
        self._flat: list[float] | None = None  # what any symbol adds where no language model is asked
        self._root = _Prefix(None, -1)
        self._root.begin(0.0)
        self._beams = [self._root]  # best first
        if scorer is not None:
            _, memory, first = scorer
            self._root.memory = {name: value[:, 0] for name, value in memory.items()}
            self._root.gains = self._gains(first)[0]

    # ---- what a user calls

    def push(self, log_probs: Array) -> list[Symbol]:
        """Read these steps, [t, K]; return the symbols that became final."""
        if self.ended:
            raise UsageError("the input has ended: begin another search.")
        log_probs = distributions(log_probs)
        K = log_probs.shape[1]
        if len(log_probs) and self._classes != K:
            self._know(K)
        before, blank = len(self.said), self.blank % K
        for start in range(0, len(log_probs), _BLOCK):
            block = log_probs[start : start + _BLOCK]
            order = np.argsort(-block, axis=1, kind="stable")  # [t, K]
            order = order[order != blank].reshape(len(block), K - 1)
            for row, classes in zip(block.tolist(), order.tolist(), strict=True):
                self._step(row, row[blank], classes)
        return self.said[before:]

    def peek(self) -> list[Symbol]:
        """The best text so far, final symbols included."""
        return [*self.said, *self._rest(self._beams[0])]

    def n_best(self, count: int) -> list[tuple[list[Symbol], float]]:
        """At most `count` texts, best first, with their scores."""
        return [([*self.said, *self._rest(p)], p.rank) for p in self._beams[:count]]

    def finish(self) -> list[Symbol]:
        """The end of the input: the symbols of the best text that were not final."""
        best = self._beams[0]
        rest = [] if self.ended else self._rest(best)
        self.said += rest
        self.ended = True
        best.parent, best.children, best.blank_times, best.own_times = None, {}, (), ()
        self._root, self._beams = best, [best]
        return rest

    # ---- one step

    def _know(self, K: int) -> None:
        if self._classes:
            raise InputError(f"the steps before had {self._classes} classes, but these have {K}.")
        if not -K <= self.blank < K:
            raise UsageError(f"the blank is class {self.blank}, but there are {K} classes.")
        last = K - 1 - (self.blank % K == K - 1)  # of the symbols
        if self.scorer is None:
            self._flat = self._root.gains = [self.bonus] * K
        elif self._root.gains is not None and len(self._root.gains) <= last:
            raise UsageError(
                f"the language model has {len(self._root.gains)} symbols, but class {last} is one, too."
            )
        self._classes = K

    def _step(self, row: list[float], blank: float, classes: list[int]) -> None:
        """Take a step: log-probabilities of all classes, that of the blank, and the other classes, best first."""
        beams, width = self._beams, self.width
        stays = [p.stay(row, blank, self.steps) for p in beams]
        ranks = [stay[0] + p.lm for stay, p in zip(stays, beams, strict=True)]
        floor = -math.inf  # what is not above it is not among the best
        if width is not None:
            floor = max(ranks) - MARGIN
            if len(beams) >= width:
                floor = max(floor, min(ranks))
        ranked: list[tuple[float, _Prefix, int]] = [(r, p, -1) for r, p in zip(ranks, beams, strict=True)]
        ranked += self._longer(row, classes, floor)
        ranked.sort(key=_rank, reverse=True)  # stable: of equals the one that was there
        least = -math.inf if width is None else ranked[0][0] - MARGIN
        best = [one for one in ranked[:width] if one[0] >= least]
        made = [p if c < 0 else p.grow(c, row[c], self.steps, self._flat) for _, p, c in best]
        for p, stay in zip(beams, stays, strict=True):
            p.take(stay)
        for p in set(beams).difference(made):
            p.drop()
        self._beams = made
        self.steps += 1
        self._settle()

    def _longer(
        self, row: list[float], classes: list[int], floor: float
    ) -> list[tuple[float, "_Prefix", int]]:
        """The texts of one symbol more whose score is above `floor`: the score, the text before, and the symbol."""
        longer = []
        most = self.bonus  # a language model only takes from it
        top = row[classes[0]] + most
        hopeful = [p for p in self._beams if p.rank + top > floor]
        if self.scorer is not None:
            self._ask([p for p in hopeful if p.gains is None])
        for p in hopeful:
            rank, last, children, gains = p.rank, p.id, p.children, p.gains or ()
            enough = floor - rank - most
            for c in classes:
                log_prob = row[c]
                if log_prob <= enough:
                    break
                score = (p.blank_way + p.lm if c == last else rank) + log_prob + gains[c]
                if score > floor and not (
                    c in children and children[c].live
                ):  # that one has its part already
                    longer.append((score, p, c))
        return longer

    def _ask(self, prefixes: "list[_Prefix]") -> None:
        """Ask the language model for the next symbol of these texts."""
        if self.scorer is None or not prefixes:
            return
        memories = [p.memory or {} for p in prefixes]
        state = {name: np.stack([m[name] for m in memories], axis=1) for name in memories[0]}
        log_probs, state = self.scorer[0](state, np.array([p.id for p in prefixes], np.int64))
        for i, (p, gains) in enumerate(zip(prefixes, self._gains(log_probs), strict=True)):
            p.gains = gains
            p.memory = {name: value[:, i].copy() for name, value in state.items()}

    def _gains(self, log_probs: Array) -> list[list[float]]:
        """What each symbol adds to the score of each text, [B, V]."""
        log_probs = np.asarray(log_probs, np.float64)
        if np.isnan(log_probs).any():
            raise InputError("the language model gives NaN for log-probabilities.")
        gains: list[list[float]] = (self.weight * np.maximum(log_probs, NEVER) + self.bonus).tolist()
        return gains

    def _settle(self) -> None:
        """Make final what all texts begin with, up to a symbol whose run may continue."""
        best = self._beams[0]
        late = self.delay is not None and bool(best.times) and best.times[0] + self.delay < self.steps
        if late:
            first = best.first
            for p in self._beams:
                if p.first is not first:
                    p.drop()
            self._beams = [p for p in self._beams if p.live]
        root, ids = self._root, []
        while not root.live and len(root.children) == 1:
            (after,) = root.children.values()
            if after.live and after.own_best > after.blank_best and not late:
                break
            root, late = after, False
            ids.append(root.id)
        if not ids:
            return
        self.said += self._dated(ids, self._beams[0].times)
        self._latest = self.said[-1][1]
        root.parent, self._root = None, root
        for p in self._beams:
            p.blank_times, p.own_times = p.blank_times[len(ids) :], p.own_times[len(ids) :]

    def _rest(self, p: "_Prefix") -> list[Symbol]:
        """The symbols of this text that are not final."""
        return self._dated(p.ids, p.times)

    def _dated(self, ids: list[int], times: tuple[int, ...]) -> list[Symbol]:
        """Symbols with their steps, none before a final symbol: the best alignment may have changed."""
        return [(c, max(t, self._latest)) for c, t in zip(ids, times, strict=False)]

    # ---- the state

    def slots(self, classes: int) -> Slots:
        """What the arrays of the state may be, of steps with so many classes."""
        texts, long, score = range(1, 1 << 20), ANY, Slot(np.float64, (), low=-np.inf, high=LATE)
        slots = {
            "numbers": Slot(np.int64, (5,), low=-1, high=LATE),
            "said": Slot(np.int64, (long, 2), low=0, high=LATE),
            "ids": Slot(np.int64, (texts, long), low=-1, high=classes - 1),
            "lengths": Slot(np.int64, (texts,), low=0, high=LATE),
            "times": Slot(np.int64, (texts, 2, long), low=-1, high=LATE),
            "scores": replace(score, shape=(texts, SCORES)),
        }
        if self.scorer is not None:
            _, memory, first = self.scorer
            slots["asked"] = Slot(np.bool_, (texts,))
            slots["gains"] = replace(score, shape=(texts, np.shape(first)[-1]))
            for name, value in memory.items():
                slots[f"memory.{name}"] = Slot(value.dtype, (value.shape[0], texts, *value.shape[2:]))
        return slots

    def sound(self, arrays: Mapping[str, Array], classes: int) -> None:
        """UsageError unless these arrays, each of which fits its slot, fit each other too."""
        steps, ended, latest, K, last = arrays["numbers"].tolist()
        ids, lengths, times, scores = (arrays[name] for name in ("ids", "lengths", "times", "scores"))
        counts = {
            array.shape[name.startswith("memory.")] for name, array in arrays.items() if name not in ALONE
        }
        alike = counts == {len(lengths)} and ids.shape[1] == times.shape[2] == lengths.max()
        known = K in (0, classes) and last < max(1, K) and (K or not (steps or ids.size))
        if ended not in (0, 1) or min(steps, latest) < 0 or not (alike and known):
            raise UsageError("the numbers of the search do not fit each other.")
        inside = np.arange(ids.shape[1]) < lengths[:, None]  # [B, L]
        exist = inside[:, None] & (scores[:, 2:4, None] > -np.inf)  # [B, 2, L], of alignments that exist
        if (ids[inside] < 0).any() or (times[exist] < 0).any() or times.max(initial=-1) >= max(1, steps):
            raise UsageError("the texts of the search are not of the steps that were read.")
        check_said(arrays["said"], steps, classes)

    @property
    def state(self) -> dict[str, Array]:
        beams = self._beams
        lengths = [len(p.ids) for p in beams]
        ids = np.full((len(beams), max(lengths)), -1, np.int64)
        times = np.full((len(beams), 2, max(lengths)), -1, np.int64)
        for i, p in enumerate(beams):
            ids[i, : lengths[i]] = p.ids
            times[i, 0, : len(p.blank_times)] = p.blank_times
            times[i, 1, : len(p.own_times)] = p.own_times
        arrays: dict[str, Array] = {
            "numbers": np.array(
                [self.steps, self.ended, self._latest, self._classes, self._root.id], np.int64
            ),
            "said": np.array(self.said, np.int64).reshape(-1, 2),
            "ids": ids,
            "lengths": np.array(lengths, np.int64),
            "times": times,
            "scores": np.array([p.scores for p in beams]),
        }
        if self.scorer is not None:
            none = [0.0] * len(np.asarray(self.scorer[2])[0])
            arrays["asked"] = np.array([p.gains is not None for p in beams])
            arrays["gains"] = np.array([p.gains or none for p in beams])
            for name in self.scorer[1]:
                arrays[f"memory.{name}"] = np.stack([(p.memory or {})[name] for p in beams], axis=1)
        return arrays

    @state.setter
    def state(self, value: Mapping[str, Array]) -> None:
        numbers: list[int] = value["numbers"].tolist()
        steps, ended, latest, K, last = numbers
        root = _Prefix(None, last)
        flat = None if self.scorer is not None else [self.bonus] * K
        beams = []
        for i, length in enumerate(value["lengths"].tolist()):
            ids = value["ids"][i, :length].tolist()
            if not all(0 <= c < K for c in ids) or not -1 <= last < max(1, K):
                raise UsageError(f"the state's texts are not of {K} classes: {ids!r:.60}.")
            p = root
            for c in ids:
                p = p.children.setdefault(c, _Prefix(p, c))
            if p.live:
                raise UsageError("the state has the same text twice.")
            p.begin(*value["scores"][i].tolist())
            of_blank, of_own = (tuple(times[:length]) for times in value["times"][i].tolist())
            p.blank_times = of_blank if p.blank_best > -math.inf else ()
            p.own_times = of_own if p.own_best > -math.inf else ()
            p.gains = flat
            if self.scorer is not None:
                p.gains = value["gains"][i].tolist() if value["asked"][i] else None
                p.memory = {name: value[f"memory.{name}"][:, i].copy() for name in self.scorer[1]}
            beams.append(p)
        if not beams:
            raise UsageError("the state has no text at all.")
        self.steps, self.ended, self._classes, self._flat = steps, bool(ended), K, flat
        self._latest, self._root, self._beams = latest, root, beams
        self.said = [(c, t) for c, t in value["said"].tolist()]


class _Prefix:
    """A prefix of texts, as a node of their tree; `live` where it is one of the beams itself.

    Its alignments end in a blank or in its own last symbol. For both it holds the log-probability of all alignments
    (`_way`), that of the best one (`_best`), and the steps of the symbols on the best one (`_times`), without those
    that are final.
    """

    __slots__ = (
        "blank_best", "blank_times", "blank_way", "children", "gains", "id", "live", "lm", "memory", "own_best",
        "own_times", "own_way", "parent", "peak", "rank", "total",
    )  # fmt: skip

    def __init__(self, parent: "_Prefix | None", id: int) -> None:  # noqa: A002
        self.parent, self.id = parent, id  # its last symbol
        self.children: dict[int, _Prefix] = {}
        self.live = False
        self.blank_times: tuple[int, ...] = ()
        self.own_times: tuple[int, ...] = ()
        self.lm = 0.0  # the part of its score from language model and length
        self.gains: list[float] | None = None  # what each next symbol adds to it; None before it is asked
        # the language model's state, before the last symbol if not asked
        self.memory: dict[str, Array] | None = None

    def begin(
        self,
        blank_way: float = -math.inf,
        own_way: float = -math.inf,
        blank_best: float = 0.0,
        own_best: float = -math.inf,
        peak: float = -math.inf,
        lm: float = 0.0,
    ) -> None:
        """Be one of the beams with these scores, in the order of `scores`."""
        self.live, self.lm = True, lm
        self.take((_added(blank_way, own_way), blank_way, own_way, blank_best, (), own_best, (), peak))

    @property
    def scores(self) -> tuple[float, ...]:
        return self.blank_way, self.own_way, self.blank_best, self.own_best, self.peak, self.lm

    @property
    def ids(self) -> list[int]:
        """Its symbols, without those that are final."""
        ids, p = [], self
        while p.parent is not None:
            ids.append(p.id)
            p = p.parent
        return ids[::-1]

    @property
    def first(self) -> "_Prefix | None":
        """Its first node that is not final; None if it has none."""
        p, before = self, None
        while p.parent is not None:
            p, before = p.parent, p
        return before

    @property
    def times(self) -> tuple[int, ...]:
        return self.blank_times if self.blank_best >= self.own_best else self.own_times

    def before(self, symbol: int) -> tuple[float, float, tuple[int, ...]]:
        """All alignments that this symbol may follow, the best of them, and its times."""
        if symbol == self.id:  # without a blank between them the two would be one
            return self.blank_way, self.blank_best, self.blank_times
        return self.total, max(self.blank_best, self.own_best), self.times

    def stay(self, row: list[float], blank: float, step: int) -> "_Stay":
        """Its scores after a step that does not extend it, with the alignments by which its parent becomes it."""
        log_prob = row[self.id]
        own_way, own_best, own_times, peak = self.own_way, self.own_best, self.own_times, self.peak
        p = self.parent
        if log_prob > peak and own_times:
            own_times, peak = (*own_times[:-1], step), log_prob
        if p is not None and p.live:
            way, best, times = p.before(self.id)
            own_way = _added(own_way, way)
            if best > own_best:
                own_best, own_times, peak = best, (*times, step), log_prob
        blank_way, own_way = self.total + blank, own_way + log_prob
        best = max(self.blank_best, self.own_best) + blank
        return (
            _added(blank_way, own_way),
            blank_way,
            own_way,
            best,
            self.times,
            own_best + log_prob,
            own_times,
            peak,
        )

    def take(self, stay: "_Stay") -> None:
        (
            self.total, self.blank_way, self.own_way, self.blank_best, self.blank_times, self.own_best,
            self.own_times, self.peak,
        ) = stay  # fmt: skip
        self.rank = self.total + self.lm

    def grow(self, symbol: int, log_prob: float, step: int, gains: list[float] | None) -> "_Prefix":
        """The text of one symbol more, which begins at this step."""
        p = self.children.get(symbol)
        if p is None:
            p = self.children[symbol] = _Prefix(self, symbol)
        way, best, times = self.before(symbol)
        p.live, p.lm = True, self.lm + (self.gains or ())[symbol]
        p.gains, p.memory = gains, self.memory
        way, best = way + log_prob, best + log_prob
        p.take((way, -math.inf, way, -math.inf, (), best, (*times, step), log_prob))
        return p

    def drop(self) -> None:
        """Stop being a beam, and leave the tree if no beam begins with it."""
        self.live, self.gains, self.memory = False, None, None
        p = self
        while p.parent is not None and not p.live and not p.children:
            del p.parent.children[p.id]
            p = p.parent


# total, blank_way, own_way, blank_best, blank_times, own_best, own_times, peak
_Stay = tuple[float, float, float, float, tuple[int, ...], float, tuple[int, ...], float]


def _rank(text: tuple[float, _Prefix, int]) -> float:
    return text[0]


def _added(a: float, b: float) -> float:
    """log(exp(a) + exp(b))"""
    if a < b:
        a, b = b, a
    return a if b == -math.inf else a + math.log1p(math.exp(b - a))


def best_text(log_probs: Array, width: int | None = 8) -> Iterator[int]:
    """The symbols of a `PrefixBeam`, each as soon as it is final."""
    search = PrefixBeam(width)
    yield from (c for c, _ in search.push(log_probs))
    yield from (c for c, _ in search.finish())
