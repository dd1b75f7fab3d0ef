"""Sequences of vectors: what comes next, measured, drawn and streamed."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import hitherto
from hitherto.errors import DataError, UsageError

SCALE = [60, 62, 64, 65, 67, 69, 71, 72]


def tunes(count: int = 24, seed: int = 0) -> list[dict[str, Any]]:
    """Scales that go up and up again, each from a note of its own, with the octave above."""
    random = np.random.default_rng(seed)
    starts = random.integers(0, len(SCALE), count)
    return [
        {"roll": [[SCALE[(s + t) % 8], SCALE[(s + t) % 8] + 12] for t in range(random.integers(10, 20))]}
        for s in starts
    ]


@pytest.fixture(scope="module", params=["chain", "sigmoid"])
def model(request: pytest.FixtureRequest) -> hitherto.Model:
    return hitherto.train(
        "compose",
        tunes(60),
        head=request.param,
        hidden_size=48,
        epochs=60,
        batch_size=8,
        dropout=0.0,
        lr=1e-2,
    )


def test_it_learns_what_follows(model: hitherto.Model) -> None:
    if model.plan["head"]["kind"] == "sigmoid":  # which does not know that two keys go together
        assert model.evaluate(tunes(seed=1))["nats"] < 7  # two of 88 keys, whatever came before, are some ten
        return
    assert model.evaluate(tunes(seed=1))["nats"] < 0.5
    made = model.generate([[60, 72], [62, 74]], steps=6, temperature=0.1, seed=0)
    assert made == [[SCALE[t % 8], SCALE[t % 8] + 12] for t in range(8)]


def test_nats_are_the_sum_over_keys_of_all_steps_but_the_first(model: hitherto.Model) -> None:
    rolls = tunes(3, seed=2)
    total, count = 0.0, 0
    codec = model.codecs["steps"]
    for row in rolls:
        y = codec.encode(row["roll"])
        x = np.concatenate([np.zeros_like(y[:1]), y[:-1]])
        features, _ = model.engine.forward({"x": x[:, None]})
        total += float(model.engine.nll(model.engine.params(features[:, 0]), y)[1:].sum())
        count += len(y) - 1
    assert model.evaluate(rolls)["nats"] == pytest.approx(total / count, rel=1e-5)


def test_a_stream_says_what_each_step_is_worth(model: hitherto.Model) -> None:
    (row,) = tunes(1, seed=3)
    whole = model.stream()
    at_once = whole.push(row["roll"])
    stream, apart = model.stream(), []
    for now in row["roll"]:
        apart += stream.push([now])
        stream = model.stream(stream.save())
    assert apart == at_once
    mean = float(np.mean([step["nats"] for step in at_once[1:]]))
    assert mean == pytest.approx(model.evaluate([row])["nats"], rel=1e-5)
    assert all(set(step["next"]) <= set(range(60, 85)) for step in at_once)
    assert whole.peek() == whole.fork().peek()


def test_what_is_drawn_keeps_to_its_voices_and_its_range(model: hitherto.Model) -> None:
    made = model.generate(steps=50, temperature=2.0, voices=2, seed=4)
    assert made == model.generate(steps=50, temperature=2.0, voices=2, seed=4)
    assert len(made) == 50
    assert max(map(len, made)) <= 2
    assert {p for now in made for p in now} <= set(range(60, 85))


def test_bad_music_is_named_with_its_place(tmp_path: Any) -> None:
    with pytest.raises(DataError, match=r"pitch 200.*in step 2"):
        hitherto.train("compose", [{"roll": [[60], [200]]}] * 9, epochs=1)
    path = tmp_path / "tunes.jsonl"
    path.write_text('{"roll": [[60], [62]]}\n{"roll": []}\n' * 5)
    with pytest.raises(DataError, match=r"line 2.*no steps"):
        hitherto.train("compose", path, epochs=1)
    with pytest.raises(UsageError, match="temperature must"):
        hitherto.train("compose", tunes(4), epochs=1, hidden_size=4, head="sigmoid").generate(
            temperature=-1.0
        )
    with pytest.raises(UsageError, match="bias is for pens"):
        hitherto.train("compose", tunes(4), epochs=1, hidden_size=4).generate(bias=1.0)
