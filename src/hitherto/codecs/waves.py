"""What augmentation changes in a recording, so that a model of few voices, rooms and microphones hears others too.

`CHANGES` is the table: each row changes a `Take`, a recording and how it is looked at. Voices differ in speed, pitch
and the length of the vocal tract, microphones in tone and loudness, rooms in echo and noise. What is drawn depends on
the generator alone: seed it by (seed, epoch, index).
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hitherto.arrays import Array

__all__ = ["CHANGES", "Take", "changed", "masked"]


@dataclass(slots=True)
class Take:
    """A recording, and how its log-mel energies are made."""

    samples: Array  # [N] float32
    rate: int
    bands: int
    pace: float = 1.0  # the hop, in usual hops
    tract: float = 1.0  # what frequencies are multiplied by where bands are cut
    tone: Array | None = None  # [bands], added to the log energies
    hidden: float = 0.0  # the strength of `masked`


Change = Callable[[Take, np.random.Generator, float], None]

# At a strength of 1; a ratio of 0.25 is from 1 / e^0.25 to e^0.25.
_SPEED = 0.25
_TEMPO = 0.25
_PITCH = 0.25
_TRACT = 0.25
_GAIN = 30.0  # decibels
_TONE = 1.0  # of a natural logarithm of power, for each of the four curves
_LOUDEST_NOISE = 0.0  # decibels below the recording
_SOFTEST_NOISE = 40.0
_LONGEST_ECHO = 0.4  # seconds until it is 60 decibels down


def speed(take: Take, rng: np.random.Generator, amount: float) -> None:
    """Faster and higher, or slower and lower, as a tape is."""
    take.samples, _ = _played(take.samples, _ratio(rng, _SPEED * amount))


def tempo(take: Take, rng: np.random.Generator, amount: float) -> None:
    """Faster or slower, at the same pitch."""
    take.pace *= _ratio(rng, _TEMPO * amount)


def pitch(take: Take, rng: np.random.Generator, amount: float) -> None:
    """Higher or lower, at the same tempo and with the same vocal tract."""
    take.samples, ratio = _played(take.samples, _ratio(rng, _PITCH * amount))
    take.pace /= ratio
    take.tract /= ratio


def tract(take: Take, rng: np.random.Generator, amount: float) -> None:
    """A shorter or a longer vocal tract (Jaitly and Hinton 2013)."""
    take.tract *= _ratio(rng, _TRACT * amount)


def gain(take: Take, rng: np.random.Generator, amount: float) -> None:
    """Louder or softer."""
    ratio = 10 ** (_GAIN * amount * rng.uniform(-1, 1) / 20)
    take.samples = take.samples * np.float32(ratio)


def tone(take: Take, rng: np.random.Generator, amount: float) -> None:
    """Another microphone: a smooth curve over the bands."""
    places = np.arange(take.bands) * (math.pi / take.bands)
    curves = np.cos(np.arange(1, 5)[:, None] * places)  # [4, bands]
    take.tone = _TONE * amount * (rng.standard_normal((4, 1)) * curves).sum(0)


def noise(take: Take, rng: np.random.Generator, amount: float) -> None:
    """Noise behind it, from white to brown, in most takes."""
    often, level, colour = rng.random(), rng.random(), rng.uniform(-0.25, 1)
    if often >= amount or not len(take.samples):
        return
    size = _quick(len(take.samples))
    spectrum = np.fft.rfft(rng.standard_normal(size, np.float32))
    spectrum *= np.arange(1, len(spectrum) + 1) ** -colour
    hiss = np.fft.irfft(spectrum, size)[: len(take.samples)]
    below = _SOFTEST_NOISE + (_LOUDEST_NOISE - _SOFTEST_NOISE) * amount * level
    power = float(np.mean(np.square(take.samples, dtype=np.float64)))
    scale = math.sqrt(power / max(float(np.mean(hiss**2)), 1e-30)) * 10 ** (-below / 20)
    take.samples = take.samples + (hiss * scale).astype(np.float32)


def room(take: Take, rng: np.random.Generator, amount: float) -> None:
    """Echo that dies away, in half of the takes."""
    often, length, loud = rng.random(), rng.uniform(0.1, 1), rng.uniform(0.1, 1)
    taps = 1 + int(_LONGEST_ECHO * length * amount * take.rate)
    if often >= 0.5 or taps < 2 or not len(take.samples):
        return
    echo = rng.standard_normal(taps) * np.exp(np.arange(taps) * (-6.9 / taps))
    echo *= loud * amount / max(math.sqrt(float(np.sum(echo**2))), 1e-30)
    echo[0] = 1  # the sound itself
    size = _quick(len(take.samples) + taps)
    heard = np.fft.irfft(np.fft.rfft(take.samples, size) * np.fft.rfft(echo, size), size)
    take.samples = heard[: len(take.samples)].astype(np.float32)


def masks(take: Take, rng: np.random.Generator, amount: float) -> None:  # noqa: ARG001 - drawn when there are steps
    """Runs of bands and of steps are hidden."""
    take.hidden = amount


CHANGES: dict[str, Change] = {
    row.__name__: row for row in (speed, tempo, pitch, tract, room, noise, gain, tone, masks)
}


def changed(take: Take, rng: np.random.Generator, amount: float, only: Iterable[str] = ()) -> Take:
    """The take after every change, or after those of `only`, in the order of the table."""
    names = set(only) or set(CHANGES)
    for name, change in CHANGES.items():
        if name in names:
            change(take, rng, amount)
    return take


def masked(
    array: Array,
    rng: np.random.Generator,
    *,
    stack: int = 1,
    band_masks: int = 2,
    bands_most: int = 8,
    step_masks: int = 2,
    steps_most: int = 25,
    share_most: float = 0.2,
) -> Array:
    """A copy of an encoded recording, [T, bands * stack], with runs of bands and of steps at 0, the training mean.

    A run is 0 to `bands_most` bands or `steps_most` steps long, and no longer than `share_most` of all steps.
    """
    copy = np.array(array, order="C")
    T, F = copy.shape
    by_band = copy.reshape(T, stack, F // stack)
    for masks, most, view in (
        (band_masks, min(bands_most, F // stack), by_band.transpose(2, 0, 1)),
        (step_masks, min(steps_most, int(share_most * T)), copy),
    ):
        for _ in range(masks):
            width = int(rng.integers(0, most + 1))
            start = int(rng.integers(0, len(view) - width + 1))
            view[start : start + width] = 0
    return copy


def _ratio(rng: np.random.Generator, most: float) -> float:
    return math.exp(most * rng.uniform(-1, 1))


def _played(samples: Array, ratio: float) -> tuple[Array, float]:
    """The samples about so many times as fast, and how many: their spectrum, cut or filled up, at another length."""
    count = len(samples)
    size = _quick(count + 64)  # silence keeps the end out of the beginning
    other = _quick(round(size / ratio))
    spectrum = np.fft.rfft(samples, size)[: other // 2 + 1]
    played = np.fft.irfft(spectrum, other)[: max(1, round(count * other / size))]
    return (played * (other / size)).astype(np.float32), size / other


def _quick(least: int) -> int:
    """The smallest even number from `least` on whose Fourier transform is quick: it has no factor above 5."""
    sizes = _sizes(1 << max(8, (least - 1).bit_length()))
    return int(sizes[np.searchsorted(sizes, least)])


@lru_cache(maxsize=32)
def _sizes(most: int) -> Array:
    """The even numbers up to a power of two that have no factor above 5."""
    twos, threes, fives = (base ** np.arange(1.0 + int(math.log(most, base))) for base in (2, 3, 5))
    sizes = 2 * np.multiply.outer(np.multiply.outer(twos, threes), fives).ravel()
    return np.sort(sizes[sizes <= most]).astype(np.int64)
