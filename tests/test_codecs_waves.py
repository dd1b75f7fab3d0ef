"""What augmentation does to a recording: each change is what it says, and follows from its generator alone."""

import itertools
from typing import Any

import numpy as np
import pytest

from hitherto.codecs.audio import AudioCodec
from hitherto.codecs.waves import CHANGES, Take, changed
from hitherto.errors import UsageError
from hitherto.media.sound import Sound

RATE = 8000


def tone(frequency: float, seconds: float = 0.5) -> Any:
    at = np.arange(int(seconds * RATE)) / RATE
    return (0.3 * np.sin(2 * np.pi * frequency * at)).astype(np.float32)


def loudest(samples: Any) -> float:
    """The frequency of a tone."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 1 << 16))
    return float(np.argmax(spectrum)) * RATE / (1 << 16)


def take_of(samples: Any, name: str, seed: int, amount: float = 1.0) -> Take:
    return changed(Take(samples, RATE, 40), np.random.default_rng(seed), amount, (name,))


def codec_of(**options: Any) -> AudioCodec:
    rng = np.random.default_rng(0)
    return AudioCodec.fit([Sound(rng.normal(size=RATE) / 9, RATE)], **options)


@pytest.mark.parametrize("seed", [0, 2, 3, 4])
def test_speed_changes_length_and_frequency_alike(seed: int) -> None:
    heard = take_of(tone(500), "speed", seed)
    ratio = len(tone(500)) / len(heard.samples)
    assert abs(ratio - 1) > 0.01
    assert loudest(heard.samples) == pytest.approx(500 * ratio, rel=0.01)
    assert np.abs(heard.samples[200:-200]).max() == pytest.approx(0.3, rel=0.05)  # as loud as before
    assert heard.pace == heard.tract == 1


@pytest.mark.parametrize("seed", [0, 2, 3, 4])
def test_pitch_leaves_duration_and_vocal_tract(seed: int) -> None:
    heard = take_of(tone(500), "pitch", seed)
    ratio = loudest(heard.samples) / 500
    assert abs(ratio - 1) > 0.01
    assert heard.pace == pytest.approx(1 / ratio, rel=0.01) == heard.tract
    assert len(heard.samples) / heard.pace == pytest.approx(4000, rel=0.01)


def test_tempo_and_tract_leave_the_samples() -> None:
    for name in ("tempo", "tract"):
        heard = take_of(tone(500), name, 3)
        assert np.array_equal(heard.samples, tone(500))
        assert abs(getattr(heard, {"tempo": "pace"}.get(name, name)) - 1) > 0.01


def test_a_shorter_tract_moves_a_tone_to_higher_bands() -> None:
    codec = codec_of()
    places = []
    for seed in range(8):
        steps = codec.augmented(tone(800), np.random.default_rng(seed), 1.0, ("tract",))
        heard = take_of(tone(800), "tract", seed)
        places.append((heard.tract, float((steps * codec.deviation + codec.mean).mean(0).argmax())))
    places.sort()
    assert all(a[1] <= b[1] for a, b in itertools.pairwise(places))
    assert places[0][1] < places[-1][1]


def test_tempo_makes_fewer_or_more_steps() -> None:
    codec = codec_of()
    usual, counts = len(codec.encode(Sound(tone(500), RATE))), set()
    for seed in range(6):
        steps = codec.augmented(tone(500), np.random.default_rng(seed), 1.0, ("tempo",))
        pace = take_of(tone(500), "tempo", seed).pace
        assert len(steps) == pytest.approx(usual / pace, abs=1.5)
        counts.add(len(steps))
    assert len(counts) > 3


def test_gain_adds_the_same_to_every_band() -> None:
    codec, rng = codec_of(), np.random.default_rng(3)
    samples = (rng.normal(size=RATE) / 9).astype(np.float32)
    apart = codec.augmented(samples, np.random.default_rng(5), 1.0, ("gain",)) - codec.encode(
        Sound(samples, RATE)
    )
    ratio = float(np.abs(take_of(samples, "gain", 5).samples).max() / np.abs(samples).max())
    np.testing.assert_allclose(apart * codec.deviation, 2 * np.log(ratio), atol=1e-3)
    assert abs(np.log(ratio)) > 0.05


def test_another_microphone_is_a_smooth_curve_over_the_bands() -> None:
    codec = codec_of()
    apart = codec.augmented(tone(500), np.random.default_rng(5), 1.0, ("tone",)) - codec.encode(
        Sound(tone(500), RATE)
    )
    curve = (apart * codec.deviation).mean(0)
    np.testing.assert_allclose(apart * codec.deviation, np.tile(curve, (len(apart), 1)), atol=1e-4)
    assert np.abs(np.diff(curve)).max() < 0.5 < curve.max() - curve.min()


def test_noise_is_as_loud_as_it_says() -> None:
    below = []
    for seed in range(40):
        hiss = take_of(tone(500), "noise", seed).samples - tone(500)
        if hiss.any():
            below.append(-10 * np.log10(np.mean(hiss**2) / np.mean(tone(500) ** 2)))
    assert len(below) == 40
    assert -0.1 < min(below) < 10
    assert 30 < max(below) < 40.1
    weak = [take_of(tone(500), "noise", seed, 0.3).samples for seed in range(40)]
    assert 4 <= sum(not np.array_equal(one, tone(500)) for one in weak) <= 20  # as often as the strength says


def test_a_room_answers_later_and_never_before() -> None:
    click = np.zeros(4000, np.float32)
    click[1000] = 1
    heard = [take_of(click, "room", seed).samples for seed in range(20)]
    rooms = [one for one in heard if not np.array_equal(one, click)]
    assert 4 <= len(rooms) <= 16
    for one in rooms:
        assert one[1000] == pytest.approx(1, abs=1e-4)
        assert np.abs(one[:1000]).max() < 1e-5
        assert np.abs(one[1001:1401]).max() > 0.01
        assert len(one) == 4000


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_follows_from_its_seed_and_spares_the_recording(name: str) -> None:
    codec = codec_of(delta=1, stack=2)
    raw = codec.raw(Sound(tone(700), RATE))
    before = raw.copy()
    once, again = (codec.augmented(raw, np.random.default_rng((0, 1, 9)), 1.0, (name,)) for _ in range(2))
    others = [codec.augmented(raw, np.random.default_rng((0, 2, i)), 1.0, (name,)) for i in range(4)]
    assert np.array_equal(once, again)
    assert np.array_equal(raw, before)
    assert any(one.shape != once.shape or not np.array_equal(once, one) for one in others)
    none = codec.augmented(raw, np.random.default_rng(0), 0.0, (name,))
    np.testing.assert_allclose(none, codec.unchanged(raw), rtol=1e-3, atol=0.02)


@pytest.mark.parametrize("count", [1, 150, 201, 900])
def test_what_is_short_is_filled_up_with_silence(count: int) -> None:
    codec = codec_of(stack=3, max_length=2)
    for seed in range(10):
        steps = codec.augmented(tone(500)[:count], np.random.default_rng(seed), 1.0)
        assert steps.shape[1] == codec.size
        assert 1 <= len(steps) <= 2
        assert np.isfinite(steps).all()


def test_raw_is_as_far_as_the_codec_reads() -> None:
    long = Sound(np.random.default_rng(1).normal(size=(30_000, 2)) / 9, 11_025)
    codec = codec_of(stack=2, max_length=20)
    raw = codec.raw(long)
    assert len(raw) == codec.window_samples + 39 * codec.hop_samples
    assert np.array_equal(codec.unchanged(raw), codec.encode(long))
    whole = Sound((np.arange(-2000, 2000) * 8).astype(np.int16), RATE)
    assert codec.raw(whole).dtype == np.int16  # half of float32
    assert np.array_equal(codec.unchanged(codec.raw(whole)), codec.encode(whole))


def test_augmentations_are_picked_by_name() -> None:
    import hitherto

    rows = [{"sound": Sound(tone(300 + 300 * (i % 2), 0.1), RATE), "label": "ab"[i % 2]} for i in range(12)]
    options: Any = {"input": "sound", "output": "label", "hidden_size": 4, "epochs": 1, "threads": 1}
    with pytest.raises(UsageError, match=r"augmentation 'spede' is none of audio.* Did you mean 'speed'"):
        hitherto.train("classify", rows, augment=0.5, augmentation=("spede",), **options)
    with pytest.raises(UsageError, match="say how strong"):
        hitherto.train("classify", rows, augment=0.0, augmentation=("speed",), **options)
    drawn = [{"sound": [[[0, 0], [i % 5, 3]]], "label": "ab"[i % 2]} for i in range(12)]
    with pytest.raises(UsageError, match="none of strokes: it has order, place"):
        hitherto.train("classify", drawn, augment=0.5, augmentation=("speed",), **options)
