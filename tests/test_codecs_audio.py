"""Sound: files as others write them, energies as Kaldi has them, and the same bits in any pieces."""

import io
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitherto.codecs.audio import AudioCodec, AudioStream
from hitherto.codecs.waves import masked
from hitherto.errors import BundleError, DataError, MissingExtra, UsageError
from hitherto.media.sound import Sound, read_sound, write_wav


def noise(shape: Any, seed: int = 0) -> Any:
    return (np.random.default_rng(seed).normal(size=shape) / 5).clip(-1, 0.999).astype(np.float32)


def sweep(T: int, rate: int, most: float = 0.4, channels: int = 1) -> Any:
    """Tones that rise to `most` of the rate and fade at both ends, [T] or [T, channels]."""
    t = np.arange(T) / rate
    wave = np.sin(2 * np.pi * most * rate * t * t / (2 * t[-1])) * np.hanning(T) * 0.7
    return wave if channels == 1 else np.stack([wave / (c + 1) for c in range(channels)], 1)


def chunk(name: bytes, data: bytes, size: int | None = None) -> bytes:
    return name + struct.pack("<I", len(data) if size is None else size) + data + b"\0" * (len(data) % 2)


def form(
    tag: int = 1, channels: int = 1, rate: int = 8000, bits: int = 16, align: int | None = None
) -> bytes:
    align = channels * bits // 8 if align is None else align
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * align & 0xFFFFFFFF, align, bits))


def wav(*chunks: bytes, size: int | None = None) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


FOUR = np.array([0, 16384, -32768, 32767], "<i2")
DATA = chunk(b"data", FOUR.tobytes())
FLOATS = FOUR / 32768


# ---- files


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("container", ["WAV", "WAVEX"])
@pytest.mark.parametrize(
    "subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"]
)
def test_wav_is_read_as_others_read_it(subtype: str, container: str, channels: int, tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    path = tmp_path / "a.wav"
    soundfile.write(path, noise((1001, channels)), 11025, subtype=subtype, format=container)
    expected, rate = soundfile.read(path, dtype="float32")
    for source in (path, str(path), path.read_bytes()):
        sound = read_sound(source)
        assert sound.rate == rate == 11025
        assert sound.samples.dtype == np.float32
        assert np.array_equal(sound.samples, expected)


@pytest.mark.parametrize(("tag", "bits"), [(6, 8), (7, 8), (1, 8)])
def test_every_byte_of_a_law(tag: int, bits: int) -> None:
    soundfile = pytest.importorskip("soundfile")
    data = wav(form(tag, bits=bits), chunk(b"data", bytes(range(256))))
    assert np.array_equal(read_sound(data).samples, soundfile.read(io.BytesIO(data), dtype="float32")[0])


@pytest.mark.parametrize(
    "data",
    [
        wav(chunk(b"LIST", b"odd"), form(), chunk(b"junk", b""), DATA, chunk(b"LIST", b"after it")),
        wav(form(), DATA, size=0),
        wav(form(), DATA) + b"trailing",
        *[
            wav(form(), chunk(b"data", FOUR.tobytes(), size), size=size)
            for size in (0xFFFFFFFF, 0x7FFFF000, 0)
        ],
        wav(form(), chunk(b"data", FOUR.tobytes(), 0xFFFFFFFF), size=0xFFFFFFFF) + b"?",  # half a sample
        wav(chunk(b"fmt ", form()[8:] + b"\0\0"), DATA),
    ],
)
def test_chunks_and_sizes_of_all_kinds(data: bytes) -> None:
    assert read_sound(data).samples.tolist() == FLOATS.tolist()


def test_an_odd_chunk_of_samples_may_lack_its_padding() -> None:
    data = wav(form(bits=8), b"data" + struct.pack("<I", 3) + b"\x80\xc0\x00")
    assert read_sound(data).samples.tolist() == [0, 0.5, -1]


def test_a_recording_without_samples() -> None:
    sound = read_sound(wav(form(), chunk(b"data", b"")))
    assert len(sound) == 0
    followed = wav(form(), chunk(b"data", b""), chunk(b"LIST", b"this is no sound"))
    assert len(read_sound(followed)) == 0
    with pytest.raises(DataError, match="recording is empty"):
        AudioCodec.fit([Sound(noise(500), 8000)]).encode(sound)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is empty"),
        (b"RIFF", "begins with b'RIFF'"),
        (b"text, not sound", "begins with b'text"),
        ("text, not sound".encode("utf-16"), "begins with"),
        (wav(), "file ends before one"),
        (wav(form()), "file ends before one"),
        (wav(DATA, form()), "before the chunk that says how"),
        (wav(form(), chunk(b"data", FOUR.tobytes(), 10)), "expected 10 bytes of samples, but the file ends after 8"),
        (wav(form(), chunk(b"data", FOUR.tobytes() + b"?")), "whole samples of 2 bytes, but there are 9 bytes"),
        (wav(form(), chunk(b"LIST", b"abcd", 999), DATA), r"b'LIST' should have 999 bytes"),
        (wav(form(align=4), DATA), "are 2 bytes a sample, but the header says 4"),
        (wav(form(channels=0), DATA), "1 channel at least"),
        (wav(form(rate=0), DATA), "1,000 to 384,000 samples a second, but got 0"),
        (wav(form(rate=0xFFFFFFFF), DATA), "but got 4294967295"),
        (wav(form(tag=17, bits=4), DATA), "format 17 of 4 bits"),
        (wav(form(bits=12), DATA), "format 1 of 12 bits"),
        (wav(form(tag=0xFFFE), DATA), "format 65534"),
        (wav(chunk(b"fmt ", b"short"), DATA), "needs 16 bytes at least, but has 5"),
        (wav(form(tag=3, bits=32), chunk(b"data", struct.pack("<2f", 0, np.nan))), "sample 2 is nan"),
        (wav(form(tag=3, bits=64), chunk(b"data", struct.pack("<d", 1e300))), "sample 1 is inf"),
        (wav(*[chunk(b"junk", b"")] * 2000, form(), DATA), "the first 1,000 chunks are others"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_file_is_named(data: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said):
        read_sound(data)
    path = tmp_path / "a.wav"
    path.write_bytes(data)
    with pytest.raises(DataError, match=said) as error:
        AudioCodec.fit([path])
    assert str(error.value).startswith(str(path))


@given(st.integers(0, 60), st.lists(st.tuples(st.integers(0, 47), st.integers(0, 255)), max_size=4))
@settings(max_examples=300)
def test_damage_is_an_error_of_data_or_none_at_all(cut: int, changes: list[tuple[int, int]]) -> None:
    data = bytearray(wav(form(), chunk(b"data", FOUR.tobytes() * 4)))
    for place, value in changes:
        data[place] = value
    try:
        sound = read_sound(bytes(data[: len(data) - cut]))
    except (DataError, MissingExtra):
        return
    assert np.isfinite(sound.samples).all()


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    for path, said in (
        (tmp_path / "none.wav", "there is no such file"),
        (tmp_path, "this is none"),
        ("x" * 5000, "cannot be opened"),
        ("a\0b", "no such file|cannot be opened"),
    ):
        with pytest.raises(DataError, match=said):
            read_sound(path)
    for value in (None, 3, float("nan"), ["a.wav"], np.zeros(5)):
        with pytest.raises(DataError, match="expected a recording: a path"):
            read_sound(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(("container", "name"), [("FLAC", "FLAC"), ("OGG", "Ogg"), ("MP3", "MP3")])
def test_other_formats_are_told_by_content(
    container: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    soundfile = pytest.importorskip("soundfile")
    path = tmp_path / "a.wav"
    soundfile.write(path, sweep(30000, 16000, channels=2), 16000, format=container)
    expected, rate = soundfile.read(path, dtype="float32")
    for source in (path, path.read_bytes()):
        sound = read_sound(source)
        assert sound.rate == rate
        # of MP3, two readings may differ in their last bits
        np.testing.assert_allclose(sound.samples, expected, atol=1e-6)
    codec = AudioCodec.fit([path])
    np.testing.assert_allclose(codec.encode(path), codec.encode(sound), atol=0.01)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DataError, match=r"cannot be read|ends after"):
        read_sound(path)
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(MissingExtra, match=rf"reading {name} needs soundfile.*'hitherto\[audio\]'"):
        read_sound(path)


def test_a_flac_that_is_cut_short() -> None:
    soundfile = pytest.importorskip("soundfile")
    file = io.BytesIO()
    soundfile.write(file, noise(50_000), 16000, format="FLAC")
    with pytest.raises(DataError, match=r"expected 50,000 samples, but the file ends after|cannot be read"):
        read_sound(file.getvalue()[: len(file.getvalue()) // 2])


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    for samples in (noise(999), noise((50, 2)), np.zeros((0,), np.float32), FOUR):
        write_wav(path, samples, 8000)
        sound = read_sound(path)
        given = samples / 32768 if samples.dtype == np.int16 else samples
        assert sound.samples.shape == samples.shape
        assert np.abs(sound.samples - given).max(initial=0) <= 0.5 / 32768
    write_wav(path, np.array([2.0, -2.0, 1.0, 900.0]), 8000)
    assert (read_sound(path).samples * 32768).tolist() == [32767, -32768, 32767, 32767]
    with pytest.raises(DataError, match="sample 2 is nan"):
        write_wav(path, np.array([0, np.nan]), 8000)
    with pytest.raises(DataError, match="expected a rate"):
        write_wav(path, noise(3), 0)


def test_sounds() -> None:
    sound = Sound(np.array([[0.5, 0], [1, -1]]), 8000)
    assert sound.samples.dtype == np.float32
    assert len(sound) == 2
    assert sound[1:].samples.tolist() == [[1, -1]]
    assert Sound(FOUR, 8000).samples.tolist() == FLOATS.tolist()
    for samples, said in (
        (np.zeros((2, 2, 2)), "got shape"),
        (np.zeros((4, 0)), "got shape"),
        (np.zeros(3, np.int64), "as int16, but got int64"),
        ([[1.0], [1.0, 2.0]], r"expected \[N\] or \[N, C\]"),
        ([0.0, np.inf], "sample 2 is inf"),
        ([[0.0, 0], [0, 3e30]], "sample 2 is"),
        ("noise", "as int16, but got"),
    ):
        with pytest.raises(DataError, match=said):
            Sound(samples, 8000)
    for rate in (0, -8000, 8000.0, None, True, 10**9):
        with pytest.raises(DataError, match="expected a rate"):
            Sound(FOUR, rate)  # type: ignore[arg-type]


# ---- energies


def plain(rate: int, **options: Any) -> AudioCodec:
    """A codec whose mean is 0 and deviation 1."""
    kept = {
        "rate": rate,
        "bands": 40,
        "window": 0.025,
        "hop": 0.010,
        "stack": 1,
        "max_length": None,
    } | options
    return AudioCodec(**kept, mean=np.zeros(kept["bands"]), deviation=np.ones(kept["bands"]))


@pytest.mark.parametrize(
    ("rate", "options"),
    [
        (8000, {}),
        (16000, {"bands": 80}),
        (11025, {"bands": 23}),
        (16000, {"window": 0.032, "hop": 0.016}),  # 512 samples, which need no padding
    ],
)
def test_energies_are_kaldis(rate: int, options: dict[str, Any]) -> None:
    kaldi = pytest.importorskip("kaldi_native_fbank")
    codec = plain(rate, **options)
    chosen = kaldi.FbankOptions()
    chosen.frame_opts.samp_freq = rate
    chosen.frame_opts.dither = 0
    chosen.frame_opts.snip_edges = True
    chosen.frame_opts.frame_length_ms = codec.window * 1000
    chosen.frame_opts.frame_shift_ms = codec.hop * 1000
    chosen.mel_opts.num_bins = codec.bands
    for samples in (
        noise(rate),
        sweep(rate, rate, 0.5) + noise(rate) / 10 + 0.2,
        np.zeros(rate),
        noise(rate) / 1000,
    ):
        sound = Sound(samples, rate)
        online = kaldi.OnlineFbank(chosen)
        online.accept_waveform(rate, (sound.samples * 32768).tolist())
        online.input_finished()
        expected = np.array([online.get_frame(i) for i in range(online.num_frames_ready)])
        found = codec.encode(sound)
        assert found.dtype == np.float32
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, atol=2e-3)


def test_features_are_standardised_by_training_data() -> None:
    sounds = [Sound(noise(4000 + 100 * i, i) * (i + 1) / 5, 8000) for i in range(5)]
    codec = AudioCodec.fit(iter(sounds))
    logs = np.concatenate([plain(8000).encode(s) for s in sounds]).astype(np.float64)
    np.testing.assert_allclose(codec.mean, logs.mean(0), rtol=1e-6)
    np.testing.assert_allclose(codec.deviation, logs.std(0), rtol=1e-6)
    np.testing.assert_allclose(
        codec.encode(sounds[0]), (plain(8000).encode(sounds[0]) - codec.mean) / codec.deviation, atol=1e-5
    )
    quiet = AudioCodec.fit([Sound(np.zeros(800), 8000)])
    assert np.abs(quiet.encode(Sound(np.zeros(800), 8000))).max() < 1e-6  # and no deviation of 0


def test_channels_are_averaged() -> None:
    codec = plain(8000)
    left, right = noise(1000, 1), noise(1000, 2)
    both = codec.encode(Sound(np.stack([left, right], 1), 8000))
    np.testing.assert_allclose(both, codec.encode(Sound((left + right) / 2, 8000)), atol=1e-5)


def test_lengths() -> None:
    codec = plain(8000)  # windows of 200 samples, 80 apart
    assert codec.seconds_per_step == 0.01
    for T, steps in ((1, 1), (199, 1), (200, 1), (279, 1), (280, 2), (8000, 98)):
        assert codec.encode(Sound(noise(T), 8000)).shape == (steps, 40), T
    filled = codec.encode(Sound(np.r_[noise(150), np.zeros(50, np.float32)], 8000))
    assert np.array_equal(codec.encode(Sound(noise(150), 8000)), filled)
    joined = plain(8000, stack=3)
    assert joined.size == 120
    assert joined.seconds_per_step == 0.03
    sound = Sound(noise(8000), 8000)
    assert np.array_equal(joined.encode(sound), codec.encode(sound)[:96].reshape(32, 120))
    for T in (1, 250, 300, 360):  # no three windows, until silence follows
        assert joined.encode(Sound(noise(T), 8000)).shape == (1, 120)
    assert np.array_equal(
        joined.encode(Sound(noise(300), 8000))[0, :80], codec.encode(Sound(noise(300), 8000)).ravel()
    )
    short = plain(8000, max_length=7, stack=2)
    assert np.array_equal(short.encode(sound), codec.encode(sound)[:14].reshape(7, 80))


def test_what_was_guessed_is_said() -> None:
    def fit(*rates: int, **options: Any) -> AudioCodec:
        return AudioCodec.fit([Sound(noise(2000), rate) for rate in rates], **options)

    codec = fit(8000, 16000, 8000)
    assert codec.rate == 8000
    assert codec.notes == ["recordings have different rates, 8,000 and 16,000: all are resampled to 8,000"]
    assert fit(44100).notes == ["recordings have a rate of 44,100 and are resampled to 16,000"]
    assert fit(11025).notes == []
    assert (fit(44100, rate=22050).rate, fit(44100, rate=22050).notes) == (22050, [])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"bands": 0}, "bands must be a whole number of 1 at least"),
        ({"stack": 0}, "stack must be a whole number of 1 at least"),
        ({"max_length": 0}, "max_length must be"),
        ({"bands": 300}, "300 bands are too many"),
        ({"hop": 0}, "expected a window"),
        ({"hop": 0.05}, "no longer than the window"),
        ({"window": 100.0}, "expected a window"),
        ({"window": float("nan")}, "expected a window"),
        ({"rate": 8}, "expected a rate"),
    ],
)
def test_options_that_cannot_be_served(options: dict[str, Any], said: str) -> None:
    with pytest.raises((UsageError, DataError), match=said):
        AudioCodec.fit([Sound(noise(1000), 8000)], **options)
    with pytest.raises(DataError, match="no recordings"):
        AudioCodec.fit([])


# ---- rates


RATES = [
    (44100, 8000),
    (11025, 16000),
    (48000, 16000),
    (16000, 8000),
    (8000, 16000),
    (16000, 11025),
    (7919, 8000),
]


def resampled(samples: Any, source: int, target: int) -> Any:
    stream = plain(target).stream(source)
    return np.concatenate(
        [
            stream._resampled(samples.astype(np.float32)),
            stream._resampled(samples[:0].astype(np.float32), last=True),
        ]
    )


@pytest.mark.parametrize(("source", "target"), RATES)
def test_a_tone_is_the_same_at_another_rate(source: int, target: int) -> None:
    lower = min(source, target)
    for share in (0.003, 0.1, 0.3, 0.42):  # of the lower rate; half of it is what it can hold
        found = resampled(np.sin(2 * np.pi * share * lower * np.arange(source // 2) / source), source, target)
        assert len(found) == -(-(source // 2) * target // source)
        expected = np.sin(2 * np.pi * share * lower * np.arange(len(found)) / target)
        inner = slice(target // 50, -target // 50)  # beyond the ends is silence, which is no tone
        assert np.abs(found - expected)[inner].max() < 3e-4, share  # 70 dB down
    for share in (0.52, 0.7, 0.95):
        if share * lower < source / 2:  # what the lower rate cannot hold is gone, not folded down
            gone = resampled(
                np.sin(2 * np.pi * share * lower * np.arange(source // 2) / source), source, target
            )
            assert np.abs(gone)[target // 50 : -target // 50].max() < 1e-3, share


@pytest.mark.parametrize(("source", "target"), RATES)
def test_resampling_is_what_others_do(source: int, target: int) -> None:
    soxr = pytest.importorskip("soxr")
    wave = sweep(source, source, 0.4 * min(source, target) / source)
    expected = soxr.resample(wave, source, target, quality="VHQ")
    found = resampled(wave, source, target)
    n = min(len(found), len(expected))
    assert abs(len(found) - len(expected)) <= 1
    assert np.abs(found[:n] - expected[:n]).max() < 7e-4 * np.abs(expected).max()


# ---- streams


def streamed(codec: AudioCodec, samples: Any, rate: int, cuts: list[int], save: bool = False) -> Any:
    stream, found, place = codec.stream(rate), [], 0
    for size in [*cuts, len(samples)]:
        found.append(stream.push(samples[place : place + size]))
        place += size
        if save:
            state, stream = stream.state, codec.stream()
            assert all(isinstance(array, np.ndarray) for array in state.values())
            stream.state = state
    return np.concatenate([*found, stream.finish()])


@given(
    st.sampled_from([(8000, 8000), *RATES, (383_999, 8000)]),
    st.integers(1, 3),
    st.lists(st.integers(0, 900), max_size=30),
    st.integers(0, 12_000),
    st.booleans(),
)
@settings(max_examples=60)
def test_any_pieces_give_the_same_bits(
    rates: tuple[int, int], stack: int, cuts: list[int], T: int, save: bool
) -> None:
    rate, target = rates
    codec = plain(target, stack=stack)
    samples = noise(T + 1, T)
    whole = codec.encode(Sound(samples, rate))
    assert np.array_equal(streamed(codec, samples, rate, cuts, save), whole)


@pytest.mark.parametrize("rate", [8000, 44100, 5000])
def test_single_samples_give_the_same_bits(rate: int) -> None:
    codec = AudioCodec.fit([Sound(noise(3000), 8000)], stack=2)
    samples = noise((2500, 2))
    whole = codec.encode(Sound(samples, rate))
    assert len(whole) >= 2
    assert np.array_equal(streamed(codec, samples, rate, [1] * 2500), whole)


def test_a_long_file_is_its_own_stream(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_wav(path, noise((300_000, 2)), 16000)  # several blocks
    codec = AudioCodec.fit([path], rate=8000)
    samples = read_sound(path).samples
    assert np.array_equal(streamed(codec, samples, 16000, [70_001, 3, 160_000]), codec.encode(path))
    as_int16 = (samples * 32768).astype(np.int16)
    assert np.array_equal(streamed(codec, as_int16, 16000, [100_000]), codec.encode(path))


def test_a_fork_goes_its_own_way() -> None:
    codec = plain(8000)
    samples = noise(3000)
    stream = codec.stream(16000)
    stream.push(samples[:1000])
    fork = codec.stream()
    fork.state = stream.state
    other = fork.push(noise(2000, 9))
    assert np.array_equal(stream.push(samples[1000:]), codec.stream(16000).push(samples)[-len(other) :])
    assert not np.array_equal(other, codec.stream(16000).push(samples)[-len(other) :])


def test_streams_of_sounds_and_of_wrong_things() -> None:
    codec = plain(8000)
    stream = codec.stream()
    stream.push(Sound(noise(100), 16000))
    assert stream.rate == 16000
    with pytest.raises(UsageError, match="16,000 samples a second, but samples of 8,000 came"):
        stream.push(Sound(noise(100), 8000))
    before = stream.state
    for samples in (np.array([np.nan]), np.array([1, 2]), "abc", [[[0.0]]]):
        with pytest.raises(DataError):
            stream.push(samples)
    assert all(np.array_equal(before[name], array) for name, array in stream.state.items())
    assert codec.stream().finish().shape == (0, 40)
    for change in (
        {"rate": np.array(0)},
        {"rate": np.zeros(2)},
        {"taken": np.array(-1)},
        {"tail": np.zeros(3)},
        {"rest": np.zeros(200)},
        {"frames": np.zeros((1, 40))},
        {"more": np.zeros(1)},
    ):
        with pytest.raises(UsageError, match="state"):
            codec.stream().state = before | change
    assert isinstance(stream, AudioStream)


# ---- slopes


def test_slopes_are_those_of_the_line_through_five_windows() -> None:
    x = Sound(noise(9000, 4), 8000)
    plain = AudioCodec.fit([x], bands=7)
    codec = AudioCodec.fit([x], bands=7, delta=2, stack=2)
    energies = plain.encode(x).astype(np.float64)
    steps = codec.encode(x).reshape(-1, 3 * 7)

    def slopes(values: Any) -> Any:
        line = np.concatenate([values[:1]] * 4 + [values])
        return np.array([np.polyfit(range(5), line[t : t + 5], 1)[0] for t in range(len(values))])

    scale = 5.0  # half of ten, what the line's weights add up to in squares
    np.testing.assert_allclose(steps[:, :7], energies[: len(steps)], atol=1e-6)
    np.testing.assert_allclose(steps[:, 7:14], scale * slopes(energies)[: len(steps)], atol=1e-5)
    np.testing.assert_allclose(steps[:, 14:], scale**2 * slopes(slopes(energies))[: len(steps)], atol=1e-4)


def test_a_codec_without_slopes_is_as_it_was() -> None:
    x = Sound(noise(3000, 4), 8000)
    codec = AudioCodec.fit([x], bands=7)
    document = codec.to_json()
    del document["delta"]  # as bundles had it before there were slopes
    assert np.array_equal(AudioCodec.from_json(document, {}).encode(x), codec.encode(x))
    assert "past" not in codec.stream().state
    with pytest.raises(UsageError, match="delta is 0, 1 or 2, but is 3"):
        AudioCodec.fit([x], delta=3)


# ---- masks


def test_masks_are_drawn_from_the_generator_alone() -> None:
    array = noise((200, 80)) + 5
    before = array.copy()
    found = masked(array, np.random.default_rng([1, 2, 3]), stack=2)
    assert np.array_equal(array, before)
    assert np.array_equal(found, masked(array, np.random.default_rng([1, 2, 3]), stack=2))
    assert not np.array_equal(found, masked(array, np.random.default_rng([1, 2, 4]), stack=2))
    hidden = found == 0
    assert np.array_equal(found[~hidden], array[~hidden])
    steps, bands = hidden.all(1), hidden.all(0)
    assert np.array_equal(hidden, steps[:, None] | bands)
    assert np.array_equal(bands[:40], bands[40:])  # the same bands of both windows of a step
    assert 0 < steps.sum() <= 50
    assert 0 < bands[:40].sum() <= 16


def test_masks_of_what_is_short() -> None:
    random = np.random.default_rng(0)
    for T in (0, 1, 4):
        assert (masked(np.ones((T, 3), np.float32), random) == 0).all(1).sum() == 0 or T
    none = masked(np.ones((4, 3)), random, bands_most=0)
    assert (none == 1).all()  # a fifth of 4 steps is none


def test_a_stream_is_whole_again_after_its_end() -> None:
    x = np.random.default_rng(0).normal(size=6000).astype(np.float32) / 9
    codec = AudioCodec.fit([Sound(x, 8000)], rate=4000, bands=8)
    stream = codec.stream(16_000)
    stream.push(x)
    stream.finish()
    other = codec.stream(16_000)
    other.state = stream.state  # a state that it had
    np.testing.assert_array_equal(stream.push(x), other.push(x))


def test_samples_whose_channels_come_first_are_refused() -> None:
    with pytest.raises(DataError, match="channels last"):
        Sound(np.zeros((2, 16_000), np.float32), 16_000)
    assert len(Sound(np.zeros((2, 2), np.float32), 16_000)) == 2


def test_silence_may_be_whole_numbers_of_json() -> None:
    assert Sound([0, 0, 1, -1], 8000).samples.dtype == np.float32
    with pytest.raises(DataError, match="int64"):
        Sound([0, 3], 8000)


@pytest.mark.parametrize(
    "changed",
    [{"hop": 0.0}, {"stack": 0}, {"max_length": -1}, {"mean": [0.0]}, {"bands": 10**6}, {"stack": 10**9}],
)
def test_a_document_that_no_codec_wrote_is_refused(changed: dict[str, Any]) -> None:
    document = AudioCodec.fit([Sound(np.ones(8000, np.float32), 8000)], bands=4).to_json()
    with pytest.raises((BundleError, UsageError)):
        AudioCodec.from_json({**document, **changed}, {})
