"""Sound to log-mel energies, whole or as it arrives.

`AudioCodec` gives a row of numbers for every step: the log energy in each of `bands` bands of the mel scale, as Kaldi's
fbank computes it without dither. Values are standardised by the mean and deviation of the training data, never by the
recording's own. `delta` adds how they change: the slope over the last five windows, and the slope of that.

A stream gives the same bits as `encode` of the whole recording, however it is cut. So the order of each sum must depend
on that output alone. Element-wise products and `np.add.reduceat` keep this: the order of `reduceat` depends only on the
length of a segment. Matrix products and plain sums choose their order by the shape of the whole, so they are not used.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta
from numpy.lib.stride_tricks import sliding_window_view

from hitherto.arrays import Array
from hitherto.bounds import Count, Positive, Real, Size, check_count, fields_of
from hitherto.codecs.base import Codec, Parts
from hitherto.codecs.waves import CHANGES, Take, changed, masked
from hitherto.errors import DataError, UsageError
from hitherto.media import SOUND
from hitherto.media.sound import RATES, Sound, as_floats, check_rate, opened, sound_path
from hitherto.slots import ANY, Slot, Slots, counter

__all__ = ["AudioCodec", "AudioStream"]

# ----------------------------------------------------------------------------------------------------- the codec

Orders = Annotated[int, Meta(ge=0, le=2)]


class AudioDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document of `AudioCodec` in a bundle."""

    rate: Annotated[int, Meta(ge=RATES[0], le=RATES[1])]
    bands: Size
    window: Positive
    hop: Positive
    stack: Size
    max_length: Count | None
    mean: list[Real]
    deviation: list[Positive]
    delta: Orders = 0


class AudioCodec(Codec):
    """Recordings to log-mel energies, [T, bands * (1 + delta) * stack]; made by `fit`."""

    kind = "audio"
    options = ("rate", "bands", "window", "hop", "stack", "max_length", "delta")
    endings = SOUND
    Document = AudioDocument
    reads_files = True
    streams = True
    augments = True
    changes = tuple(CHANGES)
    usual = MappingProxyType({"augment": 0.5, "delta": 1})  # voices that were not heard are known better

    def __init__(
        self,
        *,
        rate: int,
        bands: int,
        window: float,
        hop: float,
        stack: int,
        max_length: int | None,
        mean: Sequence[float] | Array,
        deviation: Sequence[float] | Array,
        delta: int = 0,
    ) -> None:
        self.rate = rate  # what recordings are resampled to
        self.bands = bands
        self.window = window  # seconds
        self.hop = hop
        self.stack = stack  # windows that one step joins
        self.max_length = max_length  # steps
        self.delta = delta  # how often the slope is taken
        self.mean = np.asarray(mean, np.float64)  # [bands], of the training data
        self.deviation = np.asarray(deviation, np.float64)
        self.notes = []
        self._check()
        self.window_samples = int(self.rate * self.window + 1e-6)
        self.hop_samples = int(self.rate * self.hop + 1e-6)
        self._padded = 1 << (self.window_samples - 1).bit_length()
        turn = np.arange(self.window_samples) * (2 * np.pi / (self.window_samples - 1))
        self._shape = (0.5 - 0.5 * np.cos(turn)) ** 0.85
        self._mel = _mel(self.rate, self.bands, self._padded)

    def _check(self) -> None:
        for name, value in (("bands", self.bands), ("stack", self.stack), ("max_length", self.max_length)):
            check_count(name, value)
        if self.delta not in (0, 1, 2):
            raise UsageError(f"delta is 0, 1 or 2, but is {self.delta!r:.40}.")
        rate, window, hop = self.rate, self.window, self.hop
        if not 0 < hop <= window <= 1 or rate * hop < 1 or rate * window < 8:
            raise UsageError(
                "expected a window of 8 samples to 1 second, and a hop of 1 sample at least and no longer than the "
                f"window, but window is {window} and hop {hop} seconds at {rate:,} samples a second."
            )
        if self.bands > rate * window:
            raise UsageError(
                f"{self.bands:,} bands are too many for {rate * window:.0f} samples; choose fewer."
            )
        if self.size > 1 << 20:
            raise UsageError(
                f"a step of {self.stack:,} windows has too many numbers, {self.size:,}; stack fewer."
            )
        shapes = {self.mean.shape, self.deviation.shape}
        if shapes != {(self.bands,)} or not (np.isfinite(self.mean).all() and (self.deviation > 0).all()):
            raise UsageError(
                f"expected a finite mean, and a deviation above 0, of each of {self.bands} bands."
            )

    @property
    def size(self) -> int:
        """How many numbers a step has."""
        return self.bands * (1 + self.delta) * self.stack

    @property
    def seconds_per_step(self) -> float:
        return self.hop_samples * self.stack / self.rate

    @classmethod
    def matches(cls, value: object) -> bool:
        return isinstance(value, Sound)

    @classmethod
    def fit(
        cls,
        values: Iterable[object],
        *,
        rate: int | None = None,
        bands: int = 40,
        window: float = 0.025,
        hop: float = 0.010,
        stack: int = 1,
        max_length: int | None = None,
        delta: int = 0,
    ) -> "AudioCodec":
        """Learn from training data: paths, bytes of files, or `Sound`s."""
        for name, number in (("bands", bands), ("stack", stack), ("max_length", max_length)):
            check_count(name, number)
        if bands > RATES[1]:
            raise UsageError(f"no window has {bands:,} bands; choose fewer.")
        recordings = list(values)
        rates: Counter[int] = Counter()
        for value in recordings:
            with opened(value) as (its_rate, _):
                rates[its_rate] += 1
        if not rates:
            raise DataError("there are no recordings to learn from")
        notes = []
        if rate is None:
            rate = min(*rates, 16_000)
            names = [f"{each_rate:,}" for each_rate in sorted(rates)]
            if len(names) > 1:
                listed = f"{', '.join(names[:-1])} and {names[-1]}"
                notes.append(f"recordings have different rates, {listed}: all are resampled to {rate:,}")
            elif rate not in rates:
                notes.append(f"recordings have a rate of {names[0]} and are resampled to {rate:,}")
        rate = check_rate(rate)
        make = partial(cls, rate=rate, bands=bands, window=window, hop=hop)
        plain = make(
            stack=1, max_length=None if max_length is None else max_length * stack,
            mean=np.zeros(bands), deviation=np.ones(bands),
        )  # fmt: skip
        count, mean, squares = 0, np.zeros(bands), np.zeros(bands)
        for value in recordings:
            for part in plain._encoded(value):
                count, mean, squares = _moments(count, mean, squares, part.astype(np.float64))
        deviation = np.sqrt(squares / max(1, count))
        deviation = np.where(deviation > 1e-6, deviation, 1.0)
        codec = make(stack=stack, max_length=max_length, mean=mean, deviation=deviation, delta=delta)
        codec.notes = notes
        return codec

    def example_piece(self) -> list[float]:
        return [round(math.sin(i), 2) for i in range(24)]

    def encode(self, value: object) -> Array:
        """Of a recording, [T, F] float32: too short a one is filled up with silence, an empty one is an error."""
        return np.concatenate(list(self._encoded(value)))

    def _encoded(self, value: object) -> Iterator[Array]:
        with opened(value) as (rate, blocks):
            stream = self.stream(rate)
            for block in blocks:
                yield stream._advance(_mono(block))
                if stream._full():
                    return
            if not stream._taken:
                raise DataError("the recording is empty; drop the row", path=sound_path(value))
            yield stream.finish()

    def raw(self, value: object) -> Array:
        """The samples of a recording, float32 or int16, at the rate of the codec, as far as `encode` reads them."""
        most = math.inf
        if self.max_length is not None:
            most = (self.max_length * self.stack - 1) * self.hop_samples + self.window_samples
        with opened(value) as (rate, blocks):
            stream, parts, count = self.stream(rate), [], 0
            for block in blocks:
                parts.append(stream._resampled(_mono(block)))
                count += len(parts[-1])
                if count >= most:
                    break
            else:
                if not stream._taken:
                    raise DataError("the recording is empty; drop the row", path=sound_path(value))
                parts.append(stream._resampled(np.zeros(0, np.float32), last=True))
        samples = np.concatenate(parts)
        return _packed(samples if count < most else samples[: int(most)])

    def unchanged(self, raw: Array) -> Array:
        """What `encode` gives, from what `raw` gave."""
        return self.encode(Sound(raw, self.rate))

    def augmented(
        self, raw: Array, rng: np.random.Generator, amount: float, only: Iterable[str] = ()
    ) -> Array:
        """What `raw` gave after `CHANGES`, and encoded."""
        take = changed(Take(as_floats(raw), self.rate, self.bands), rng, amount, only)
        hop = self.hop_samples * take.pace
        least = self.window_samples + (self.stack - 1) * hop
        missing = int(least) + 1 - len(take.samples)
        samples = take.samples if missing <= 0 else np.pad(take.samples, (0, missing))
        starts = np.arange(int((len(samples) - self.window_samples) / hop) + 1) * hop
        frames = sliding_window_view(samples, self.window_samples)[starts.astype(np.int64)]
        mel = (
            self._mel if take.tract == 1 else _mel(self.rate, self.bands, self._padded, round(take.tract, 2))
        )
        energies = self._energies(frames, mel)
        if take.tone is not None:
            energies = energies + (take.tone / self.deviation).astype(np.float32)
        whole = self._with_slopes(energies, self._no_past())[0]
        steps = len(whole) // self.stack if self.max_length is None else self.max_length
        joined = whole[: len(whole) // self.stack * self.stack].reshape(-1, self.size)[:steps]
        groups, most = self.stack * (1 + self.delta), round(take.hidden * self.bands / 3)
        return masked(
            joined, rng, stack=groups, bands_most=most, steps_most=len(joined), share_most=take.hidden / 3
        )

    def _no_past(self) -> Array:
        """The last windows of a recording that has not begun, [0, bands * (1 + delta)]."""
        return np.zeros((0, self.bands * (1 + self.delta)), np.float32)

    def _with_slopes(self, energies: Array, past: Array) -> tuple[Array, Array]:
        """Energies and their slopes, [n, bands * (1 + delta)], and the last windows, for what follows them.

        A slope is that of the line through the last five windows; before the first one stands itself.
        """
        if not self.delta or not len(energies):
            return energies, past
        parts, values, n = [energies], energies, len(energies)
        for order in range(self.delta):
            before = past[:, order * self.bands : (order + 1) * self.bands] if len(past) else values[:1]
            before = np.concatenate([*[before[:1]] * (_LAGS - len(before)), before])
            line = np.concatenate([before, values])
            rise = line[_LAGS : _LAGS + n] - line[:n]
            values = (rise + rise + (line[_LAGS - 1 : _LAGS - 1 + n] - line[1 : 1 + n])) * _SLOPE
            parts.append(values)
        whole = np.concatenate(parts, 1)
        return whole, np.concatenate([past, whole])[-_LAGS:]

    def stream(self, rate: int | None = None) -> "AudioStream":
        """For samples of this rate; without one, of the rate of the first `Sound` pushed, or else the codec's own."""
        return AudioStream(self, self.rate if rate is None else rate)

    def _energies(self, frames: Array, mel: "_Bands | None" = None) -> Array:
        """[n, window_samples] float32 to [n, bands]: a row depends on nothing but its frame."""
        x = np.multiply(frames, 32768.0, dtype=np.float64)  # the scale of int16, as Kaldi has it
        x -= np.add.reduceat(x, [0], axis=1) / self.window_samples
        rises = np.empty_like(x)
        np.multiply(x[:, :-1], -0.97, out=rises[:, 1:])
        np.multiply(x[:, 0], -0.97, out=rises[:, 0])  # before the first stands the first itself
        rises += x
        rises *= self._shape
        spectrum = np.fft.rfft(rises, self._padded)  # [n, padded / 2 + 1]
        power = spectrum.real**2 + spectrum.imag**2
        mel = mel or self._mel
        energies = np.add.reduceat(power[:, mel.bins] * mel.weights, mel.starts, axis=1)
        logs = np.log(np.maximum(energies, np.finfo(np.float32).eps))
        return ((logs - self.mean) / self.deviation).astype(np.float32)

    # ---- keeping

    def to_json(self) -> dict[str, object]:
        return {
            "rate": self.rate, "bands": self.bands, "window": self.window, "hop": self.hop, "stack": self.stack,
            "max_length": self.max_length, "mean": self.mean.tolist(), "deviation": self.deviation.tolist(),
            "delta": self.delta,
        }  # fmt: skip

    def parts(self) -> dict[str, list[str]]:
        return {}

    @classmethod
    def from_json(cls, document: Mapping[str, object], parts: Parts) -> "AudioCodec":  # noqa: ARG003
        return cls(**fields_of(document, AudioDocument))


_AT_ONCE = 256  # frames: what is made of them stays in the cache
_LAGS = 4  # windows before the last of a slope
_SLOPE = np.float32(0.5)  # times five of the slope: of speech about as wide as energies
_STATE = ("rate", "taken", "made", "steps", "tail", "rest", "frames")


class AudioStream:
    """Encodes a recording as it arrives. `state` holds all that it remembers, with the rate of the samples."""

    def __init__(self, codec: AudioCodec, rate: int) -> None:
        self.codec = codec
        self._begin(rate)

    def _begin(self, rate: int) -> None:
        self.rate = check_rate(rate)
        self._filter = None if self.rate == self.codec.rate else _resampling(self.rate, self.codec.rate)
        before = 0 if self._filter is None else self._filter.half - 1
        self._taken = 0  # samples pushed
        self._made = 0  # samples resampled
        self._steps = 0
        self._tail = np.zeros(
            before, np.float32
        )  # samples that resampling still needs, silence before the first
        self._rest = np.zeros(0, np.float32)  # resampled samples from the next frame's first on
        self._past = self.codec._no_past()  # windows that slopes still need
        self._frames = self.codec._no_past()  # that fill no step yet

    def push(self, samples: object) -> Array:
        """The steps that became final, [t, F], of floats or int16, [n] or [n, C], or of a `Sound`."""
        if isinstance(samples, Sound):
            if samples.rate != self.rate:
                if self._taken:
                    raise UsageError(
                        f"this stream has {self.rate:,} samples a second, but samples of {samples.rate:,} came; "
                        "begin another stream for them."
                    )
                self._begin(samples.rate)
            samples = samples.samples
        return self._advance(_mono(as_floats(samples)))

    def finish(self) -> Array:
        """The rest: nothing follows. What does not fill a step is dropped, unless there is no other."""
        codec = self.codec
        parts = [self._framed(self._resampled(np.zeros(0, np.float32), last=True))]
        if self._taken and not self._steps:
            whole = codec.window_samples + (codec.stack - 1) * codec.hop_samples
            there = len(self._frames) * codec.hop_samples + len(self._rest)
            parts.append(self._framed(np.zeros(whole - there, np.float32)))
        return np.concatenate(parts)

    def _full(self) -> bool:
        return self.codec.max_length is not None and self._steps >= self.codec.max_length

    def _advance(self, samples: Array) -> Array:
        return self._framed(self._resampled(samples))

    def _resampled(self, samples: Array, last: bool = False) -> Array:
        self._taken += len(samples)
        if self._filter is None:
            return samples
        up, down, half = self._filter.up, self._filter.down, self._filter.half
        buffer = np.concatenate([self._tail, samples, np.zeros(half if last else 0, np.float32)])
        ready = self._taken if last else self._taken - half
        start, stop = self._made, max(self._made, -(-ready * up // down))
        first = start * down // up
        output = np.empty(stop - start, np.float32)
        at_once = max(1, (1 << 17) // (2 * half))
        for a in range(start, stop, at_once):
            b = min(a + at_once, stop)
            output[a - start : b - start] = self._filter.apply(buffer, a, b, first)
        self._tail = buffer[stop * down // up - first : len(buffer) - (half if last else 0)].copy()
        self._made = stop
        return output

    def _framed(self, samples: Array) -> Array:
        codec = self.codec
        if self._full():
            return np.zeros((0, codec.size), np.float32)
        rest = np.concatenate([self._rest, samples])
        window, hop, stack = codec.window_samples, codec.hop_samples, codec.stack
        count = max(0, (len(rest) - window + hop) // hop)
        parts = [np.zeros((0, codec.bands), np.float32)]
        for a in range(0, count, _AT_ONCE):
            n = min(_AT_ONCE, count - a)
            frames = np.ndarray((n, window), np.float32, rest, 4 * a * hop, (4 * hop, 4))  # a view
            parts.append(codec._energies(frames))
        self._rest = rest[count * hop :].copy()
        slopes, self._past = codec._with_slopes(np.concatenate(parts), self._past)
        whole = np.concatenate([self._frames, slopes]) if count else self._frames
        steps = len(whole) // stack
        self._frames = whole[steps * stack :].copy()
        joined = whole[: steps * stack].reshape(steps, codec.size)
        if codec.max_length is not None:
            joined = joined[: codec.max_length - self._steps]
        self._steps += len(joined)
        return joined

    @property
    def slots(self) -> Slots:
        """`state` says what the lengths of the samples must be, which follow from the counts."""
        samples, windows = Slot(np.float32, (ANY,)), Slot(np.float32, (ANY, self._past.shape[1]))
        slopes = {"past": windows} if self.codec.delta else {}
        return {
            "rate": Slot(np.int64, (), *RATES), "taken": counter(), "made": counter(),
            "steps": counter(), "tail": samples, "rest": samples,
            "frames": windows, **slopes,
        }  # fmt: skip

    @property
    def state(self) -> dict[str, Array]:
        arrays = (self.rate, self._taken, self._made, self._steps, self._tail, self._rest, self._frames)
        slopes = {"past": np.array(self._past)} if self.codec.delta else {}
        return {name: np.array(array) for name, array in zip(_STATE, arrays, strict=True)} | slopes

    @state.setter
    def state(self, value: Mapping[str, Array]) -> None:
        names = [*_STATE, "past"] if self.codec.delta else list(_STATE)
        if set(value) != set(names):
            raise UsageError(f"expected a state with {', '.join(names)}, but got {', '.join(value)}.")
        try:
            other = AudioStream(self.codec, int(value["rate"]))
            other._taken, other._made, other._steps = (
                int(value[name]) for name in ("taken", "made", "steps")
            )
            other._tail, other._rest, other._frames = (
                np.array(value[name], np.float32) for name in ("tail", "rest", "frames")
            )
            if self.codec.delta:
                other._past = np.array(value["past"], np.float32)
            fitting = other if other._fits() else None
        except (TypeError, ValueError, OverflowError):
            fitting = None
        if fitting is None:
            raise UsageError("this state is not one that a stream of this codec has had; take another.")
        self.__dict__.update(fitting.__dict__)

    def _fits(self) -> bool:
        """Whether the parts of a state that came from outside fit each other."""
        expected = 0
        if self._filter is not None:
            expected = self._taken - (
                self._made * self._filter.down // self._filter.up - self._filter.half + 1
            )
        return (
            min(self._taken, self._made, self._steps) >= 0
            and self._tail.shape == (expected,)
            and self._rest.ndim == 1
            and len(self._rest) < self.codec.window_samples
            and self._frames.shape[1:] == self._past.shape[1:] == self.codec._no_past().shape[1:]
            and len(self._frames) < self.codec.stack
            and len(self._past) <= _LAGS
        )


# --------------------------------------------------------------------------------------------------------- parts


def _mono(samples: Array) -> Array:
    """The mean of the channels, summed in their order."""
    if samples.ndim == 1:
        return samples
    total = samples[:, 0]
    for c in range(1, samples.shape[1]):
        total = total + samples[:, c]
    return total / np.float32(samples.shape[1])


def _packed(samples: Array) -> Array:
    """The samples as int16, half as large, if they are those of a file of 16 bits."""
    scaled = samples * np.float32(32768)
    small = scaled.clip(-32768, 32767).astype(np.int16)
    return small if np.array_equal(small, scaled) else samples


def _moments(count: int, mean: Array, squares: Array, part: Array) -> tuple[int, Array, Array]:
    """Count, mean and sum of squared deviations, updated with `part` [n, C]."""
    n = len(part)
    if n == 0:
        return count, mean, squares
    part_mean = part.mean(0)
    apart = part_mean - mean
    squares = squares + ((part - part_mean) ** 2).sum(0) + apart**2 * (count * n / (count + n))
    return count + n, mean + apart * (n / (count + n)), squares


@dataclass(frozen=True, slots=True, eq=False)
class _Bands:
    """Bins of a spectrum and their weights, one band after the other, and where each band starts."""

    bins: Array
    weights: Array
    starts: Array


@lru_cache(maxsize=256)
def _mel(rate: int, bands: int, padded: int, tract: float = 1.0) -> _Bands:
    """Triangles on HTK's mel scale from 20 Hz to half the rate, of frequencies that are multiplied by `tract`.

    Half the rate stays what it is: above three quarters of it, frequencies go straight there.
    """

    def mel(frequency: float | Array) -> Array:
        return 1127.0 * np.log1p(frequency / 700.0)

    edges = np.linspace(mel(20.0), mel(rate / 2), bands + 2)
    frequencies, half = np.arange(padded // 2) * (rate / padded), rate / 2
    if tract != 1:
        knee = 0.75 * half * min(1.0, 1 / tract)
        above = half - (half - knee * tract) / (half - knee) * (half - frequencies)
        frequencies = np.where(frequencies <= knee, frequencies * tract, above)
    places = mel(frequencies)
    rising = (places - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - places) / (edges[2:] - edges[1:-1])[:, None]
    weights = np.maximum(0, np.minimum(rising, falling))  # [bands, bins]
    counts = (weights > 0).sum(1)
    if tract != 1 and not counts.all():  # a band between two bins takes the nearest
        empty = np.flatnonzero(counts == 0)
        weights[empty, np.abs(places - edges[1 + empty, None]).argmin(1)] = 1
        counts[empty] = 1
    if not counts.all():
        raise UsageError(
            f"{bands} bands are too many for a window of {padded} samples at {rate:,} a second: band "
            f"{int(np.argmin(counts)) + 1} holds no frequency; ask for fewer bands or a longer window."
        )
    band, bins = np.nonzero(weights)
    return _Bands(bins, weights[band, bins], np.concatenate([[0], np.cumsum(counts)[:-1]]))


_CROSSINGS = 32  # of the sinc on either side
_BETA = 7.3  # of Kaiser's window: what lies beyond the new half of the rate is 75 dB down
_CUTOFF = 0.927  # of the lower half of the two rates, so that the slope ends there


@dataclass(frozen=True, slots=True, eq=False)
class _Resampling:
    """Sample m of the output lies at m * down / up of the input; `half` samples on either side make it."""

    up: int
    down: int
    half: int
    taps: Array  # [up, 2 * half], a row for each place between two samples

    def apply(self, buffer: Array, start: int, stop: int, first: int) -> Array:
        """Outputs start..stop-1; `buffer` begins `half - 1` samples before sample `first` of the input."""
        at = np.arange(start, stop) * self.down
        width = 2 * self.half
        windows = np.ndarray((len(buffer) - width + 1, width), np.float32, buffer, 0, (4, 4))  # a view
        terms = windows[at // self.up - first]
        terms *= self.taps[at % self.up]
        return np.add.reduceat(terms, [0], axis=1)[:, 0]


@lru_cache(maxsize=4)
def _resampling(source: int, target: int) -> _Resampling:
    common = int(np.gcd(source, target))
    up, down = target // common, source // common
    narrow = min(1.0, target / source)
    half = int(np.ceil(_CROSSINGS / narrow))
    taps = np.empty((up, 2 * half), np.float32)
    for a in range(0, up, 256):  # a rate that shares no factor with the other makes many rows
        phases = np.arange(a, min(a + 256, up))[:, None] / up
        t = (np.arange(2 * half) - half + 1 - phases) * narrow  # in zero crossings
        inside = np.maximum(0, 1 - (t / _CROSSINGS) ** 2)
        rows = np.sinc(t * _CUTOFF) * np.i0(_BETA * np.sqrt(inside)) * (inside > 0)
        taps[a : a + 256] = rows / rows.sum(1, keepdims=True)  # silence and constants stay what they are
    return _Resampling(up, down, half, taps)
