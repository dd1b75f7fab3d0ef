"""A score as sound, in plain tones."""

import math

import numpy as np

from hitherto.arrays import Array
from hitherto.errors import DataError, UsageError
from hitherto.media.rolls import as_score

__all__ = ["clock", "tones"]


def clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


MOST_SAMPLES = 1 << 26  # 25 minutes at 44,100 a second
_PARTIALS = (1.0, 0.45, 0.2, 0.1, 0.04)
_ATTACK, _RELEASE, _DECAY = 0.015, 0.09, 0.9  # seconds
_BLOCK = 1 << 16


def tones(music: object, rate: int = 44_100, *, step: float = 1.0, tempo: float | None = None) -> Array:
    """The sound of a roll or score in plain tones, float32 [samples], the loudest of them 0.9."""
    score = as_score(music, step=step, tempo=tempo)
    if not isinstance(rate, int) or not 1000 <= rate <= 384_000:
        raise UsageError(f"rate must be 1,000 to 384,000 samples a second, but is {rate!r:.40}.")
    notes, second = score.notes, 60 / score.tempo
    if score.seconds * rate > MOST_SAMPLES:
        raise DataError(
            f"the piece takes {clock(score.seconds)}, longer than {clock(MOST_SAMPLES / rate)}; cut it"
        )
    if float(notes["length"].sum()) * second * rate + len(notes) * _RELEASE * rate > 1 << 31:
        raise DataError("so many notes sound at once that this would take hours; cut the piece")
    release = math.ceil(_RELEASE * rate)
    begins = np.rint(notes["start"] * second * rate).astype(np.int64)
    counts = np.rint(notes["length"] * second * rate).astype(np.int64) + release
    sound = np.zeros(int((begins + counts).max(initial=0)), np.float32)
    for begin, count, note in zip(begins.tolist(), counts.tolist(), notes.tolist(), strict=True):
        pitch, velocity = note[2:4]
        frequency = 440 * 2 ** ((pitch - 69) / 12)
        for i in range(0, count, _BLOCK):  # a long note is no larger in memory than a short one
            at = np.arange(i, min(i + _BLOCK, count))
            wave = _wave(at * (frequency / rate), frequency / rate) * _envelope(
                at / rate, (count - release) / rate
            )
            sound[begin + i : begin + i + len(at)] += velocity / 127 * wave
    loudest = float(max(sound.max(initial=0), -sound.min(initial=0)))
    return sound * np.float32(0.9 / loudest) if loudest > 0 else sound


def _wave(turns: Array, each: float) -> Array:
    """A tone and its partials below half the rate. `turns` counts the periods that have passed."""
    angle = (2 * np.pi * (turns - np.floor(turns))).astype(np.float32)
    before, now, twice = np.zeros_like(angle), np.sin(angle), 2 * np.cos(angle)
    wave = np.zeros_like(angle)
    for k, loud in enumerate(_PARTIALS, 1):
        if k * each < 0.5:
            wave += np.float32(loud) * now
        before, now = now, twice * now - before  # sin (k + 1)a from sin ka and sin (k - 1)a
    return wave


def _envelope(seconds: Array, length: float) -> Array:
    rise = 0.5 - 0.5 * np.cos(np.pi * np.minimum(seconds / _ATTACK, 1))
    fall = 0.5 + 0.5 * np.cos(np.pi * np.clip((seconds - length) / _RELEASE, 0, 1))
    return (rise * fall * (0.35 + 0.65 * np.exp(-seconds / _DECAY))).astype(np.float32)
