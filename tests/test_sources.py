"""From tables to batches: everything is scored once, padding is not data, order is a function of (seed, epoch)."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hitherto
from hitherto.decode import Hypothesis
from hitherto.errors import DataError, UsageError
from hitherto.spec import from_options, with_defaults
from hitherto.tasks.batching import bucket, in_steps, length_of_training, pad, share_rows
from hitherto.tasks.families import FAMILIES
from hitherto.tasks.writing.columns import columns as writing_columns

TEXT = "the cat sat on the mat\nthe dog sat on the log\n\na cat and a dog\nsat on a mat\n" * 8


# ---- what all share


def test_padding_and_lengths() -> None:
    x, lengths = pad([np.array([1, 2, 3]), np.array([4]), np.array([], np.int64)])
    assert x.tolist() == [[1, 4, 0], [2, 0, 0], [3, 0, 0]]
    assert lengths is not None
    assert lengths.tolist() == [3, 1, 0]
    assert pad([np.array([1]), np.array([2])])[1] is None


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=200),
    st.integers(1, 16),
    st.integers(0, 3),
    st.integers(0, 3),
)
@settings(deadline=None)
def test_buckets_hold_every_row_once(sizes: list[int], rows: int, seed: int, epoch: int) -> None:
    lengths = np.array(sizes)
    for tokens in (None, 64):
        batches = bucket(lengths, None if tokens else rows, tokens, seed, epoch)
        assert sorted(np.concatenate(batches).tolist()) == list(range(len(sizes)))
        again = bucket(lengths, None if tokens else rows, tokens, seed, epoch)
        assert all((a == b).all() for a, b in zip(batches, again, strict=True))
        if tokens:
            assert all(len(b) == 1 or len(b) * lengths[b].max() <= tokens for b in batches)
        else:
            assert all(len(b) <= rows for b in batches)


def test_the_length_of_examples_is_said() -> None:
    assert in_steps(np.array([1, 1])) == "1 step each"
    assert in_steps(np.array([20, 20])) == "20 steps each"
    assert in_steps(np.array([1, 2, 2000])) == "2 steps (median; the longest 2,000)"


def test_little_data_are_trained_on_for_long_and_no_data_for_ever() -> None:
    def chosen(rows: int, **options: Any) -> dict[str, Any]:
        train = from_options("classify", "none", **options).train
        return length_of_training(train, rows, 16, updates=2000, epochs=8, most=50_000, steps=10.0)

    few, some, many, endless = (chosen(n) for n in (30, 16_000, 160_000, 16_000_000))
    assert few["epochs"] * 2 == 2000, "two batches an epoch"
    assert few["evaluate_every"] == 50, "not after every two steps"
    assert few["patience"] == 13, "a third of 40 evaluations"
    assert some == {"epochs": 8}, "few evaluations: all of them are made"
    assert many == {"epochs": 5}, "8 passes would be 80,000 steps"
    assert endless == {"epochs": 1}
    assert chosen(30, epochs=3) == chosen(30, steps=9) == {}, "the user says how long"
    assert chosen(1600, accumulate=2)["epochs"] == 2 * chosen(1600)["epochs"]
    assert chosen(1600, batch_tokens=320)["epochs"] == chosen(1600, batch_size=32)["epochs"] == 40
    assert chosen(1600, evaluate_every=10)["patience"] == 66


def test_orders_differ_from_epoch_to_epoch_and_from_seed_to_seed() -> None:
    lengths = np.arange(100)
    first, epoch, seed = (
        np.concatenate(bucket(lengths, 4, None, s, e)).tolist() for s, e in ((0, 0), (0, 1), (1, 0))
    )
    assert first != epoch
    assert first != seed


@pytest.mark.parametrize("rows", [1, 2, 5, 8])
@pytest.mark.parametrize("world", [1, 2, 3])
def test_shares_are_the_whole_in_equal_parts(rows: int, world: int) -> None:
    parts = [share_rows(np.arange(rows), (rank, world)) for rank in range(world)]
    assert len({len(p) for p in parts}) == 1
    assert [r for r in np.concatenate(parts).tolist() if r >= 0] == list(range(rows))


# ---- corpus


def corpus(tmp_path: Path, **options: Any) -> tuple[Any, Any, Any, Any]:
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    spec = from_options("lm", str(path), **({"tokens": "chars", "batch_size": 3, "bptt": 5} | options))
    source, examples, valid = FAMILIES["corpus"].source.prepare(spec, str(path), None, {})
    return source, examples, valid, spec.train


def read(batch: Any) -> list[tuple[list[int], list[int]]]:
    """(inputs, targets) of every row of a batch."""
    x = batch.inputs["x"]
    T, B = x.shape
    lengths = np.full(B, T) if batch.lengths is None else batch.lengths
    y = np.full(T * B, -1)
    y[np.arange(T * B) if batch.at is None else batch.at] = batch.targets["y"]
    y = y.reshape(T, B)
    return [(x[:n, b].tolist(), y[:n, b].tolist()) for b, n in enumerate(lengths)]


def test_lanes_say_every_token_once_after_the_one_before(tmp_path: Path) -> None:
    source, examples, _, train = corpus(tmp_path)
    whole = examples.tokens.ids(0, len(examples)).tolist()
    lane = len(whole) // 3
    lanes: list[tuple[list[int], list[int]]] = [([], []) for _ in range(3)]
    for k, item in enumerate(source.schedule(examples, train, 0)):
        batch = source.batch(examples, item)
        assert (batch.carry is None) == (k == 0)
        for (xs, ys), (x, y) in zip(lanes, read(batch), strict=True):
            xs += x
            ys += y
    for b, (xs, ys) in enumerate(lanes):
        assert ys == whole[b * lane : (b + 1) * lane]
        assert xs == [source.start_id, *whole][b * lane : (b + 1) * lane]


def test_an_evaluation_says_every_token_once(tmp_path: Path) -> None:
    for options in ({}, {"documents": True}, {"layout": "lines"}):
        source, examples, valid, _ = corpus(tmp_path, **options)
        for some in (examples, valid):
            said = sorted(t for batch in source.evaluation(some) for _, y in read(batch) for t in y)
            assert said == sorted(some.tokens.ids(0, len(some)).tolist())


def test_characters_are_counted_whole(tmp_path: Path) -> None:
    source, examples, valid, _ = corpus(tmp_path)
    assert examples.characters + valid.characters == len(TEXT)
    assert source.codec.decode(examples.tokens.ids(0, len(examples))) == TEXT[: examples.characters]


def test_lines_end_and_begin_anew(tmp_path: Path) -> None:
    source, examples, _, train = corpus(tmp_path, layout="lines")
    end = source.codec.end_id
    for item in source.schedule(examples, train, 0):
        batch = source.batch(examples, item)
        assert batch.carry is None
        for x, y in read(batch):
            assert x[0] == source.start_id
            assert y[-1] == end
            assert x[1:] == y[:-1]


def test_documents_zero_the_state_where_they_begin(tmp_path: Path) -> None:
    source, examples, _, train = corpus(tmp_path, documents=True)
    whole = examples.tokens.ids(0, len(examples)).tolist()
    starts = set(examples.starts.tolist())
    lane = len(whole) // 3
    ends: dict[int, int] = {}  # kept state -> the token that it has read last, as a place in the text
    for item in source.schedule(examples, train, 0):
        batch = source.batch(examples, item)
        rows = read(batch)
        place = {b: b * lane + item[1] for b in range(3)}
        row_ends, row_lane, current = [], [], 0
        for r, (x, y) in enumerate(rows):
            goes_on = batch.carry[r]
            if r and batch.keep[current] == r - 1:
                current += 1
            first = place[current]
            assert y == whole[first : first + len(y)]
            if goes_on >= 0:
                assert ends[int(goes_on)] == first
                assert first not in starts
                assert x[0] == whole[first - 1]
            else:
                assert first in starts or item[1] == 0
            if first in starts:
                assert x[0] == source.start_id
            place[current] = first + len(y)
            row_ends.append(first + len(y))
            row_lane.append(current)
        ends = {lane_number: row_ends[r] for lane_number, r in enumerate(batch.keep)}


def test_two_processes_read_what_one_reads(tmp_path: Path) -> None:
    for options in ({}, {"documents": True}, {"layout": "lines"}):
        source, examples, _, train = corpus(tmp_path, batch_size=4, **options)
        for item in source.schedule(examples, train, 1):
            whole = sorted(read(source.batch(examples, item)))
            parts = [
                row for rank in range(2) for row in read(source.batch(examples, item, (rank, 2))) if row[0]
            ]
            assert sorted(parts) == whole


def test_too_little_text_is_an_error(tmp_path: Path) -> None:
    source, examples, _, _ = corpus(tmp_path)
    with pytest.raises(UsageError, match="too few for 100000 lanes"):
        source.schedule(examples, from_options("lm", "x", batch_size=100_000).train, 0)
    (tmp_path / "empty.txt").write_text("")
    with pytest.raises(DataError, match="empty"):
        FAMILIES["corpus"].source.prepare(
            from_options("lm", str(tmp_path / "empty.txt")), str(tmp_path / "empty.txt"), None, {}
        )


def test_gzip_and_lists_of_texts(tmp_path: Path) -> None:
    path = tmp_path / "text.txt.gz"
    path.write_bytes(gzip.compress(TEXT.encode()))
    source, examples, _ = FAMILIES["corpus"].source.prepare(
        from_options("lm", str(path), tokens="chars"), str(path), None, {}
    )
    assert source.codec.decode(examples.tokens.ids(0, 22)) == TEXT[:22]
    lines = TEXT.split("\n")
    lines = [line for line in lines if line]
    source, examples, _ = FAMILIES["corpus"].source.prepare(
        from_options("lm", tokens="words", layout="lines"), lines, None, {}
    )
    assert len(examples) > 10


# ---- pairs


ROWS = [
    {"text": f"{'good' if i % 3 else 'bad'} film number {i}", "label": "pos" if i % 3 else "neg"}
    for i in range(60)
]


def pairs(rows: Any = ROWS, task: str = "classify", **options: Any) -> tuple[Any, Any, Any, Any]:
    spec = from_options(task, **({"batch_size": 8} | options))
    source, examples, valid = FAMILIES["pairs"].source.prepare(spec, rows, None, {})
    return source, examples, valid, source.spec


def test_columns_are_guessed_and_said() -> None:
    source, examples, valid, spec = pairs()
    assert (spec.data.input, spec.data.output) == (("text",), "label")
    assert any("label" in note for note in source.notes)
    assert (len(examples), len(valid)) == (54, 6)
    assert sorted(source.codecs["output"].classes) == ["neg", "pos"]


def test_a_missing_column_names_the_nearest() -> None:
    with pytest.raises((DataError, UsageError), match="'text'"):
        pairs(input="texts", output="label")


def test_batches_pair_each_input_with_its_own_label() -> None:
    source, examples, _, spec = pairs()
    codec, label = source.codecs["input"], source.codecs["output"]
    seen = 0
    for item in source.schedule(examples, spec.train, 0):
        batch = source.batch(examples, item)
        lengths = np.full(len(item[0]), len(batch.inputs["x"])) if batch.lengths is None else batch.lengths
        for b, r in enumerate(batch.rows):
            ids = batch.inputs["x"][: lengths[b], b]
            assert ids.tolist() == examples.x[r].tolist()
            assert ("good" in codec.decode(ids)) == (label.classes[int(batch.targets["y"][b])] == "pos")
            seen += 1
    assert seen == len(examples)


def test_measuring_puts_answers_back_in_order() -> None:
    source, examples, _, _ = pairs()
    truth = np.array([int(y) for y in examples.y])

    def outputs(wrong: int) -> Any:
        for batch in source.evaluation(examples):
            params = np.zeros((len(batch.rows), 2), np.float32)
            params[np.arange(len(batch.rows)), truth[batch.rows]] = 5
            for b, r in enumerate(batch.rows):
                if r < wrong:
                    params[b] = -params[b]
            yield batch, params

    assert source.measure(examples, outputs(0)).metrics["accuracy"] == 1.0
    assert source.measure(examples, outputs(9)).metrics["accuracy"] == pytest.approx(1 - 9 / len(examples))


def test_numbers_in_lists_in_columns_and_in_rows_that_belong_together() -> None:
    random = np.random.default_rng(0)
    lists = [{"x": random.normal(size=(5, 2)).tolist(), "label": "ab"[i % 2]} for i in range(20)]
    source, examples, _, _ = pairs(lists, input="x", output="label")
    assert source.inputs()["x"]["kind"] == "vectors"
    assert examples.x[0].shape == (5, 2)
    columns = [{"a": i % 2 + 0.1, "b": float(i), "label": "ab"[i % 2]} for i in range(20)]
    source, examples, _, _ = pairs(columns, input=("a", "b"), output="label")
    assert examples.x[0].shape == (1, 2)
    long = [{"who": i // 5, "t": 4 - i % 5, "v": float(i), "label": "ab"[i // 5 % 2]} for i in range(100)]
    source, examples, valid, _ = pairs(long, input="v", output="label", id="who", time="t")
    assert len(examples) + len(valid) == 20
    first = examples.x[0][:, 0]
    assert (np.diff(first) < 0).all()  # sorted by time, which runs against the rows


def test_rows_of_one_sequence_must_agree() -> None:
    rows = [{"who": 1, "v": 1.0, "label": "a"}, {"who": 1, "v": 2.0, "label": "b"}]
    with pytest.raises(DataError, match="different labels: a, b"):
        pairs(rows, input="v", output="label", id="who")


def test_lists_name_no_sequence_and_no_group() -> None:
    rows = [{"who": [i // 5], "v": float(i), "label": "ab"[i // 5 % 2]} for i in range(40)]
    with pytest.raises(DataError, match=r"row 1, column 'who': expected a name or a number, but got \[0\]"):
        pairs(rows, input="v", output="label", id="who")
    rows = [{"who": {"a": i}, "v": [float(i)], "label": "ab"[i % 2]} for i in range(40)]
    with pytest.raises(DataError, match=r"column .who.: expected a name or a number, but got \{"):
        pairs(rows, input="v", output="label", group="who")


def test_tagging_needs_a_label_for_each_token() -> None:
    rows = [{"tokens": ["a", "b"], "tags": ["X", "Y"]}] * 20
    source, examples, _, spec = pairs(rows, "tag", input="tokens", output="tags")
    batch = source.batch(examples, source.schedule(examples, spec.train, 0)[0])
    assert len(batch.targets["y"]) == 2 * batch.inputs["x"].shape[1]
    with pytest.raises(DataError, match="2 tokens need as many labels, but there are 1"):
        pairs([*rows, {"tokens": ["a", "b"], "tags": ["X"]}], "tag", input="tokens", output="tags")


def test_columns_of_numbers_and_of_text_are_no_input_together() -> None:
    cities = ("Paris", "Rome", "Oslo")
    rows = [
        {"age": 20 + i, "city": cities[i % 3], "street": f"{i} Main Street", "label": "ab"[i % 2]}
        for i in range(30)
    ]
    wrong = "column 'age' has numbers and column 'city' has none.*--input.*--codec text"
    with pytest.raises(UsageError, match=wrong):
        pairs(rows, input=("age", "city"), output="label")
    source, _, _, _ = pairs(rows, input=("age", "city"), output="label", codec="text")
    assert source.load([{"age": 34, "city": "Paris"}], labelled=False).x[0].tolist() == (
        source.codecs["input"].encode("34 Paris").tolist()
    )
    source, examples, _, _ = pairs(rows, input=("city", "street"), output="label")
    assert source.inputs_of(examples, [0]) == ["Paris 0 Main Street"]


def test_one_class_is_not_a_task() -> None:
    with pytest.raises(DataError, match="two labels"):
        pairs([{"text": "a b", "label": "x"}] * 20, input="text", output="label")


def test_groups_stay_together() -> None:
    rows = [r | {"who": i // 6} for i, r in enumerate(ROWS)]
    _, examples, valid, _ = pairs(rows, input="text", output="label", group="who")
    table = rows
    left = {table[i]["who"] for i in examples.picked}
    right = {table[i]["who"] for i in valid.picked}
    assert not left & right


# ---- windows


def wave(T: int = 200, channels: int = 1) -> list[dict[str, Any]]:
    hours = np.datetime64("2024-01-01T00") + np.arange(T)
    noise = np.random.default_rng(0).normal(size=(T, channels)) / 10
    values = noise + np.sin(np.arange(T)[:, None] * 2 * np.pi / 24 + np.arange(channels)) + 5
    return [
        {"ds": str(h), **{f"v{c}": v for c, v in enumerate(row)}}
        for h, row in zip(hours, values, strict=True)
    ]


def windows(rows: Any, **options: Any) -> tuple[Any, Any, Any, Any]:
    asked = {"horizon": 4, "batch_size": 4, "reader": "steps"} | options
    spec = from_options("forecast", **asked | ({"bptt": 30} if asked["reader"] == "steps" else {}))
    source, examples, valid = FAMILIES["windows"].source.prepare(spec, rows, None, {})
    return source, examples, valid, source.spec


def test_training_never_sees_what_validates() -> None:
    rows = wave()
    _, examples, valid, _ = windows(rows)
    assert len(examples.series[0].values) == 180
    assert valid.origins(0, 4)[0] == 179
    assert valid.origins(0, 4)[-1] == 195


def test_windows_cover_the_series_and_move() -> None:
    source, examples, _, spec = windows(wave())
    for epoch in range(3):
        spans = np.concatenate(source.schedule(examples, spec.train, epoch))
        covered = np.zeros(180, bool)
        for _, a, b in spans:
            covered[a:b] = True
        assert covered[:179].all()
    first, second = (np.concatenate(source.schedule(examples, spec.train, e)).tolist() for e in (0, 1))
    assert first != second


def test_targets_are_the_future_in_units_of_the_past() -> None:
    source, examples, _, spec = windows(wave(channels=2))
    values = examples.series[0].values
    item = source.schedule(examples, spec.train, 0)[0]
    batch = source.batch(examples, item)
    T, B = batch.inputs["x"].shape[:2]
    for n, place in enumerate(batch.at):
        t, b = divmod(int(place), B)
        i, a, _ = item[b]
        loc, scale = source.codec.affine(examples.arrays[i], int(a) + t, int(a) + t + 1)
        future = values[a + t + 1 : a + t + 5]
        found = (loc + scale * batch.targets["y"][n])[0][: len(future)]
        np.testing.assert_allclose(found, future, rtol=1e-4, atol=1e-4)
    assert T == 30


def test_evaluation_scores_every_origin_once() -> None:
    source, _, valid, _ = windows(wave())
    seen = [int(t) for batch in source.evaluation(valid) for t in batch.targets["time"]]
    assert seen == list(range(179, 196))


def test_windows_learn_from_every_step_and_their_order_changes() -> None:
    source, examples, valid, spec = windows(wave(channels=2), reader="window", window=24)
    assert source.codec.window == 24
    first, second = (np.concatenate(source.schedule(examples, spec.train, e)) for e in (0, 1))
    assert sorted(first[:, 0].tolist()) == sorted(second[:, 0].tolist()) == list(range(23, 179))
    assert first.tolist() != second.tolist()
    batch = source.batch(examples, first[:5])
    values = examples.series[0].values
    for n, (at, _) in enumerate(first[:5]):
        loc, scale = source.codec.affine(examples.arrays[0], int(at), int(at) + 1)
        future = values[at + 1 : at + 5]
        found = (loc + scale * batch.targets["y"][n])[0][: len(future)]
        np.testing.assert_allclose(found, future, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(batch.targets["scale"][n], scale[0], rtol=1e-5)
    seen = [int(t) for batch in source.evaluation(valid) for t in batch.targets["time"]]
    assert seen == list(range(179, 196))


def test_a_share_of_a_batch_of_windows_is_part_of_it() -> None:
    source, examples, _, spec = windows(wave(), reader="window", window=10)
    item = source.schedule(examples, spec.train, 0)[0][:3]
    whole = source.batch(examples, item)
    one, other = (source.batch(examples, item, (rank, 2)) for rank in (0, 1))
    both = np.concatenate([one.inputs["x"], other.inputs["x"]], 1)
    for n, row in enumerate([*one.rows, *other.rows]):
        if row >= 0:
            assert (both[0, n] == whole.inputs["x"][0, row]).all()
    scored = sum(int(np.isfinite(b.targets["y"]).sum()) for b in (one, other))
    assert scored == int(np.isfinite(whole.targets["y"]).sum())


@pytest.mark.parametrize("reader", ["steps", "window"])
def test_a_perfect_forecast_measures_as_one(reader: str) -> None:
    source, _, valid, _ = windows(wave(), head="gaussian", reader=reader)

    def outputs() -> Any:
        for batch in source.evaluation(valid):
            y = []
            for t, i in zip(batch.targets["time"], batch.targets["series"], strict=True):
                y.append(source.codec.targets(valid.arrays[i], int(t), int(t) + 1)[0])
            params = np.zeros((len(y), 4, 1, 2), np.float32)
            params[..., 0] = np.array(y).reshape(-1, 4, 1)
            params[..., 1] = -10
            yield batch, params.reshape(len(y), -1)

    found = source.measure(valid, outputs()).metrics
    assert found["mae"] < 1e-4
    assert found["mase"] < 1e-3


def test_too_short_a_series_is_an_error() -> None:
    with pytest.raises(DataError, match="3 steps"):
        windows(wave(3))


def test_each_channel_by_itself() -> None:
    source, examples, _, _ = windows(wave(channels=3), independent=True)
    assert len(examples.series) == 3
    assert source.codec.channels == 1


def said_of(rows: Any, **options: Any) -> tuple[Any, list[str]]:
    table = hitherto.data.read(rows, **options)
    spec, notes = FAMILIES["windows"].source.columns(from_options("forecast", **options), table)
    return spec.data, notes


def test_the_column_of_times_is_known_by_what_it_holds() -> None:
    def found(**columns: Any) -> tuple[Any, Any]:
        data, _ = said_of(columns)
        return data.time, data.output

    y = [1.5, 2.5, 1.0, 2.0]
    seconds = [1700000000 + 3600 * i for i in range(4)]
    assert found(ts=seconds, y=y) == ("ts", ("y",))
    assert found(load=y, unix=[1000 * s for s in seconds]) == ("unix", ("load",))
    assert found(sensor_time=[str(s) for s in seconds], load=y) == ("sensor_time", ("load",))
    assert found(load=y, timestamp=seconds[::-1]) == ("timestamp", ("load",))
    assert found(Quarter=["2021Q1", "2021Q2", "2021Q3", "2021Q4"], gdp=y) == ("Quarter", ("gdp",))
    assert found(week=["2021-W01", "2021-W02", "2021-W03", "2021-W04"], n=y) == ("week", ("n",))
    assert found(when=["Jan 2001", "Feb 2001", "Mar 2001", "Apr 2001"], n=y) == ("when", ("n",))
    assert found(year=[2001, 2002, 2003, 2004], n=y) == ("year", ("n",))
    assert found(month=[11, 12, 1, 2], n=y) == (None, ("month", "n"))  # not in order: no times
    assert found(bytes=seconds, n=y) == (None, ("bytes", "n"))  # a counter has another name
    assert found(runtime=[3, 4, 5, 6], n=y) == (None, ("runtime", "n"))
    shops = {"unique_id": list("aabb"), "ds": [1, 2, 1, 2], "y": y}
    assert found(**shops) == ("ds", ("y",))
    assert any("no column holds times" in note for note in said_of({"n": y})[1])


def test_the_column_that_tells_series_apart_is_named() -> None:
    rows = [
        {"day": f"2024-01-{i + 1:02}", "shop": s, "sold": i} for i in range(20) for s in ("north", "south")
    ]
    with pytest.raises(
        DataError, match=r"row 2, column 'day': .*comes twice \(also in row 1\).*apart: say --id shop$"
    ):
        windows(rows)
    assert len(windows(rows, id="shop")[1].series) == 2
    one = [row for row in rows if row["shop"] == "north"]
    source, _, _, _ = windows(one, time=1)
    source.spec = source.spec.replace(time=1)  # a column by its number, as --time has it
    with pytest.raises(DataError, match=r"comes twice.*apart: say --id shop$"):
        source.load(rows)


def test_a_column_of_documents_tells_no_series_apart() -> None:
    rows = [{"day": f"2024-01-{i + 1:02}", "shop": {"a": s}, "sold": i} for i in range(20) for s in (1, 2)]
    with pytest.raises(DataError, match="comes twice"):
        windows(rows)


def test_what_keeps_a_column_from_being_numbers_is_said() -> None:
    with pytest.raises(UsageError, match=r"In column 'n': expected a number, but got '1,5'.*--decimal ,"):
        said_of({"ds": ["2024-01-01", "2024-01-02"], "n": ["1,5", "2,5"]})
    data, _ = said_of({"ds": ["2024-01-01", "2024-01-02"], "n": ["1,5", "2,5"]}, decimal=",")
    assert data.output == ("n",)


def test_how_times_are_read_is_kept_with_the_model(tmp_path: Path) -> None:
    days = [np.datetime64("2024-01-01") + i for i in range(60)]
    path = tmp_path / "a.csv"
    lines = [f"{str(d)[8:]}/{str(d)[5:7]}/{str(d)[:4]};{i % 7},5\n" for i, d in enumerate(days)]
    path.write_text("date;sold\n" + "".join(lines), encoding="utf-8")
    spec = from_options("forecast", str(path), horizon=3, decimal=",")
    source, examples, _ = FAMILIES["windows"].source.prepare(spec, str(path), None, {})
    data = source.spec.data
    assert (data.time_format, data.timezone, data.decimal) == ("%d/%m/%Y", None, ",")
    assert examples.series[0].values[:3, 0].tolist() == [0.5, 1.5, 2.5]
    few = [
        {"date": "01/03/2024", "sold": "2,5"},
        {"date": "02/03/2024", "sold": "3,5"},
    ]  # by itself it tells nothing
    (series,) = source.load(few).series
    assert series.written(series.times) == ["2024-03-01", "2024-03-02"]
    assert source.load(str(path), start="15/02/2024").first == [44]
    assert source.load(str(path), start="2024-02-15").first == [44]
    for wrong, said_ in (("soon", "start must be a time such as 2024-01-01"), ("2030-01-01", "ends at 2024-02-29"),
                         ("17", "start must be")):  # fmt: skip
        with pytest.raises(UsageError, match=said_):
            source.load(str(path), start=wrong)
    path.write_text("date;sold\n01/02/2024;1,5\n03/04/2024;2,5\n", encoding="utf-8")
    with pytest.raises(
        DataError, match=r"a\.csv, line 2, column 'date': '01/02/2024' is 1 February 2024 read as"
    ):
        FAMILIES["windows"].source.prepare(spec, str(path), None, {})


def test_a_model_that_knew_no_zones_still_reads_utc() -> None:
    rows = [{"ds": f"2024-01-{1 + i // 24:02}T{i % 24:02}:00:00+02:00", "y": i % 24} for i in range(24 * 20)]
    source, examples, _, _ = windows(rows)
    assert examples.series[0].written(examples.series[0].times[:1]) == ["2024-01-01 00:00:00+02:00"]
    local = examples.arrays[0]["x"]
    source.spec = source.spec.replace(time_format=None)
    old = source.load(rows)
    assert old.series[0].written(old.series[0].times[:1]) == ["2023-12-31 22:00:00"]
    assert not np.array_equal(old.arrays[0]["x"][: len(local)], local)  # its hours are those of UTC


def test_labels_of_lines_of_different_length_need_no_labels() -> None:
    rows = [{"tokens": ["a", "b", "c"][:n], "tags": ["P", "O", "O"][:n]} for n in (3, 1, 2)] * 4
    pytest.importorskip("torch")
    model = hitherto.train("tag", rows, input="tokens", output="tags", hidden_size=8, epochs=1)
    found = model.predict([{"tokens": row["tokens"]} for row in rows])
    assert [len(labels) for labels in found] == [3, 1, 2] * 4
    assert found[1] == model.predict([{"tokens": ["a"]}])[0]


# ---- texts in, texts out

ANSWERS = [
    {"story": f"{who} went\nhome.", "question": "where?", "answer": "home", "task": str(i % 2)}
    for i, who in enumerate(["Ann", "Bob", "Cid"] * 5)
]


def texts(task: str, data: Any, **options: Any) -> tuple[Any, Any, Any]:
    spec = from_options(task, **({"tokens": "words"} | options))
    return FAMILIES["texts"].source.prepare(with_defaults(spec), data, None, {})


def said(source: Any, ids: Any, side: str = "input") -> list[str]:
    codec = source.codecs["input"] if side == "input" else source.target
    return list(codec.pieces(ids))


def test_a_batch_reads_what_stands_before_what_it_writes() -> None:
    pairs = [
        {"source": "a b c", "target": "x y"},
        {"source": "c", "target": "y y x x"},
        {"source": "b", "target": ""},
    ]
    source, examples, held = texts("translate", pairs, valid=0.0)
    assert held is None
    batch = source.batch(examples, (np.array([1, 0, -1, 2]), 0))
    end = source.start_id
    assert batch.source_lengths.tolist() == [1, 3, 0, 1]
    assert batch.lengths.tolist() == [
        5,
        3,
        1,
        1,
    ]  # a row that fills a share takes a step, which is not scored
    y = np.full(batch.inputs["x"].size, -1)
    y[batch.at] = batch.targets["y"]
    y = y.reshape(batch.inputs["x"].shape).T  # [B, T]
    assert said(source, y[0], "output") == ["y", "y", "x", "x", "<eos>"]
    assert said(source, y[1][:3], "output") == ["x", "y", "<eos>"]
    assert (y[1][3:] == -1).all()
    assert (y[2] == -1).all()
    assert said(source, batch.inputs["x"][:5, 0], "output") == ["<eos>", "y", "y", "x", "x"]
    assert batch.inputs["x"][0, 3] == y[3][0] == end
    assert batch.steps == 5 + 10


def test_fields_of_an_input_are_parted_by_a_token() -> None:
    source, examples, _ = texts(
        "answer", ANSWERS, input=("story", "question"), output="answer", lower=True, by="task"
    )
    assert said(source, examples.x[0]) == ["ann", "went", "home", ".", "<eos>", "where", "?"]
    assert source.target is source.codecs["input"]  # one vocabulary for both
    assert set(examples.by) == {"0", "1"}
    plain = source.load(["ann went home.\nwhere?"], labelled=False)
    assert said(source, plain.x[0]) == said(source, examples.x[0])
    with pytest.raises(
        DataError, match="row 1: expected 2 fields between tabs or lines, story, question, but found 1"
    ):
        source.load(["where?"], labelled=False)


def test_columns_of_texts_are_guessed_and_said() -> None:
    def found(task: str, row: dict[str, Any]) -> tuple[Any, Any]:
        spec, notes = writing_columns(from_options(task), hitherto.data.read([row] * 3))
        assert len(notes) >= 1
        return spec.data.input, spec.data.output

    assert found("translate", {"de": "ein Hund", "en": "a dog"}) == (("de",), "en")
    assert found("translate", {"target": "a dog", "source": "ein Hund"}) == (("source",), "target")
    assert found("translate", {"said": "on the third of May", "iso": "2021-05-03"}) == (("said",), "iso")
    assert found("summarize", {"title": "t", "document": "long", "summary": "short"}) == (
        ("document",),
        "summary",
    )
    assert found("answer", {"question": "q", "story": "s", "answer": "a"}) == (
        ("story", "question"),
        "answer",
    )
    assert found("chat", {"turns": ["a", "b"]}) == (("turns",), None)
    assert found("chat", {"prompt": "hi", "reply": "ho"}) == (("prompt",), "reply")
    with pytest.raises(UsageError, match=r"which column is the output.*'text'"):
        writing_columns(from_options("translate"), hitherto.data.read([{"text": "a b"}]))
    with pytest.raises(UsageError, match="both input and output"):
        writing_columns(
            from_options("translate", input="a", output="a"), hitherto.data.read([{"a": "x", "b": "y"}])
        )


def test_conversations_become_replies() -> None:
    talk = {"turns": [{"speaker": "u", "text": "hi"}, {"speaker": "s", "text": "yes\nsir"},
                      {"speaker": "s", "text": "well ?"}, {"speaker": "u", "text": "no"}]}  # fmt: skip
    every, examples, _ = texts("chat", [talk, talk], valid=0.0)
    assert examples.texts[:3] == ["> hi", "> hi\n< yes sir", "< hi\n> yes sir\n> well ?"]
    assert [r[0] for r in examples.references[:3]] == ["yes sir", "well ?", "no"]
    assert said(every, examples.x[1])[:3] == [">", "hi", "<eos>"]
    _, one, _ = texts("chat", [talk, talk], valid=0.0, speaker="u", turns=1)
    assert (one.texts[0], one.references[0]) == ("> well ?", ["no"])
    plain = {"turns": ["a", "b", "c"]}
    _, two, _ = texts("chat", [plain, plain], valid=0.0)
    assert two.texts[:2] == ["> a", "< a\n> b"]
    _, pairs, _ = texts("chat", [{"prompt": "hi", "reply": "ho"}] * 2, valid=0.0)
    assert (pairs.texts[0], pairs.references[0]) == ("> hi", ["ho"])
    (asked,) = every.load([talk], labelled=False).texts
    assert asked.endswith(("> no", "< no"))
    assert every.load(["hi"], labelled=False).texts == ["> hi"]
    assert every.load([["hi", "ho", "hu"]], labelled=False).texts == ["> hi\n< ho\n> hu"]


def test_a_conversation_stays_on_one_side_of_the_split_and_keeps_its_end() -> None:
    talks = [{"turns": [f"t{i} a", f"t{i} b", f"t{i} c"]} for i in range(20)]
    source, examples, held = texts("chat", talks, max_length=4, turns=9)
    names = [{t.split()[1] for t in part.texts} for part in (examples, held)]
    assert len(names[0]) == 18
    assert len(names[1]) == 2
    assert not names[0] & names[1]
    assert len(examples.x[1]) == 4
    assert said(source, examples.x[1])[-1] == "b"


def test_a_text_has_one_reference_or_many() -> None:
    rows = [{"text": "a b c", "summary": ["a b", "b c"]}, {"text": "c b", "summary": "c c"}] * 2
    source, examples, _ = texts("summarize", rows, tokens="chars", valid=0.0)
    assert examples.references[:2] == [["a b", "b c"], ["c c"]]
    assert "".join(said(source, examples.y[0])) == "a b"
    found = [[Hypothesis([*source.target.encode("b c")], -1.0, -1.0, None)]] * 4
    assert source.judge(examples, found).metrics["rouge1"] == pytest.approx((100 + 50) / 2)


def test_an_unknown_word_is_the_one_that_was_looked_at() -> None:
    rows = [{"source": "a b", "target": "b a"}] * 4
    source, _, _ = texts("translate", rows, valid=0.0)
    unknown, a = source.target.unknown, source.target.encode("a")[0]
    looks = np.array([[0.1, 0.2, 0.7], [0.8, 0.1, 0.1], [0.0, 0.0, 1.0]])
    found = Hypothesis([unknown, a], 0.0, 0.0, looks)
    assert source.text(found, "what is Oslo") == "Oslo a"
    assert source.text(Hypothesis([a], 0.0, 0.0, None), "what") == "a"
    row = source.answer([found, found], "what is Oslo", attention=True)
    assert row["attention"]["source"] == ["what", "is", "Oslo"]
    assert row["attention"]["target"] == ["<unk>", "a", "<eos>"]
    assert np.shape(row["attention"]["weights"]) == (3, 3)
    assert len(row["others"]) == 1


def test_missing_texts_and_long_ones() -> None:
    rows = [{"source": "a b c d", "target": "x y z"}, {"source": "a", "target": None}]
    with pytest.raises(DataError, match="row 2, column 'target': the text is missing"):
        texts("translate", rows, input="source", output="target")
    source, examples, _ = texts("translate", rows[:1] * 4, max_length=2, max_output=1, valid=0.0)
    assert (len(examples.x[0]), len(examples.y[0])) == (2, 1)
    assert len(source.load(rows[:1]).y[0]) == 3  # what is measured is never cut
    source.spec = source.spec.replace(copy=True, shared=False)
    with pytest.raises(UsageError, match="copy needs shared"):
        source.head()


def test_two_files_belong_together(tmp_path: Path) -> None:
    for name, lines in (("a.de", "eins\nzwei\n"), ("a.en", "one\ntwo\n"), ("b.en", "one\n")):
        (tmp_path / name).write_text(lines, encoding="utf-8")
    good = (tmp_path / "a.de", tmp_path / "a.en")
    source, examples, _ = texts("translate", good, valid=0.0)
    assert examples.texts == ["eins", "zwei"]
    assert source.load(good).references == [["one"], ["two"]]
    with pytest.raises(DataError, match=r"b\.en.*ends at line 1"):
        texts("translate", (tmp_path / "a.de", tmp_path / "b.en"))
    with pytest.raises(DataError, match="no such file"):
        texts("translate", (tmp_path / "a.de", tmp_path / "none.en"))
    (tmp_path / "c.en").write_bytes(b"one\n\xff\xfe\n")
    with pytest.raises(DataError, match=r"c\.en.*not utf-8"):
        texts("translate", (tmp_path / "a.de", tmp_path / "c.en"))


def test_what_cannot_be_learned_from_says_why() -> None:
    one, two = (
        {"turns": ["hi"]},
        {"turns": [{"speaker": "ann", "text": "a"}, {"speaker": "bob", "text": "b"}]},
    )
    with pytest.raises(DataError, match="every conversation has a single turn"):
        texts("chat", [one] * 3)
    with pytest.raises(
        DataError, match=r"no reply is by 'bod'; the speakers are ann, bob\. Did you mean 'bob'"
    ):
        texts("chat", [two] * 3, speaker="bod")
    with pytest.raises(DataError, match="hold no reply"):
        texts("chat", [one, one, one, {"turns": ["a", "b"]}], valid=0.5)
    with pytest.raises(DataError, match=r"a turn has its text under text or .* this has \['who'\]"):
        texts("chat", [{"turns": [{"who": "x"}, {"who": "y"}]}] * 2)
    with pytest.raises(UsageError, match="one column, of turns"):
        texts("chat", [{"a": "x", "b": "y", "c": "z"}] * 2, input=("a", "b"), output="c")
    with pytest.raises(UsageError, match="speaker chooses among the turns"):
        texts("chat", [{"prompt": "x", "reply": "y"}] * 2, speaker="x")
    for options, said_ in (
        (
            {"scheduled_sampling": 0.1, "copy": True, "shared": True},
            "scheduled_sampling goes step by step, copy",
        ),
        ({"scheduled_sampling": 0.1, "recurrent_dropout": 0.1}, "recurrent_dropout does not: leave"),
    ):
        source, _, _ = texts("translate", [{"source": "a", "target": "b"}] * 9, **options)
        with pytest.raises(UsageError, match=said_):
            source.head()


def test_other_columns_than_those_learned_from() -> None:
    rows = [{"source": f"a b {i}", "target": "x y", "kind": "k"} for i in range(9)]
    source, _, _ = texts("translate", rows)
    assert source.load([{"text": "a b"}], labelled=False).texts == ["a b"]
    assert source.load([{"german": "a b", "english": "x"}]).references == [["x"]]
    asks, _, _ = texts(
        "answer",
        [r | {"question": "why ?"} for r in rows],
        input=("source", "question"),
        output="target",
        by=3,
    )
    assert asks.spec.data.by == "kind"
    assert asks.load([{"source": "a", "question": "b", "target": "x"}]).by == []
    (fields,) = asks.load(["a b\twhy ?"], labelled=False).texts
    assert fields == "a b\nwhy ?"


def test_lines_of_a_file_whose_name_says_nothing(tmp_path: Path) -> None:
    source, _, _ = texts("translate", [{"source": "a , b", "target": "x y"}] * 9)
    (tmp_path / "new.de").write_text("a , b\nb , a , b\n", encoding="utf-8")
    assert source.load(tmp_path / "new.de", labelled=False).texts == ["a , b", "b , a , b"]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=90),
    st.integers(1, 400),
    st.integers(0, 5),
)
def test_batches_hold_no_more_tokens_than_asked_for(sizes: Any, tokens: int, seed: int) -> None:
    read_, written = np.array(sizes).T
    lengths = np.maximum(read_, written + 1)
    found = bucket(lengths, None, tokens, seed, 0, written * 100 + read_)
    assert sorted(np.concatenate(found).tolist()) == list(range(len(sizes)))
    assert all(len(rows) == 1 or len(rows) * lengths[rows].max() <= tokens for rows in found)
