"""Whole steps of programs that use torch.nn, with and without our layers in the place of torch's.

    python benchmarks/steps.py [NAME ...] [--threads 2] [--repetitions 15] [--write]

What torch does around the layer (embedding, output layer, loss, optimizer) counts, and so does the cost of a call
itself. A ratio is torch's time over ours, above 1 where we are faster: the median over repetitions in turn.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

import common
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import hitherto as ht

RESULTS = common.RESULTS / "steps.jsonl"
Step = Callable[[], Any]


def training(net: nn.Module, loss: Callable[[], Tensor], rate: float = 1e-3) -> Step:
    optimizer = torch.optim.Adam(net.parameters(), rate)

    def step() -> float:
        optimizer.zero_grad()
        total = loss()
        total.backward()
        optimizer.step()
        return float(total.detach())

    return step


def language_model(library: Any) -> Step:
    """Two layers of 200, 20 rows of 35 words of 10,000: the word language model of torch's examples."""
    net = nn.ModuleList(
        [nn.Embedding(10_000, 200), library.LSTM(200, 200, 2, dropout=0.2), nn.Linear(200, 10_000)]
    )
    words, following = torch.randint(0, 10_000, (2, 35, 20))
    return training(
        net, lambda: F.cross_entropy(net[2](net[1](net[0](words))[0]).flatten(0, 1), following.flatten())
    )


def forecaster(library: Any) -> Step:
    """neuralforecast's LSTM at its defaults: two layers of 128, 24 steps of one series, 32 windows."""
    net = nn.ModuleList([library.LSTM(1, 128, 2, batch_first=True), nn.Linear(128, 12)])
    x, y = torch.randn(32, 24, 1), torch.randn(32, 24, 12)
    return training(net, lambda: (net[1](net[0](x)[0]) - y).abs().mean())


def weight_drop(library: Any) -> Step:
    """One layer of 256 whose recurrent weights are dropped anew each step (AWD-LSTM), 20 rows of 35 steps."""
    layer = library.LSTM(128, 256)
    raw = nn.Parameter(layer.weight_hh_l0.detach().clone())
    del layer.weight_hh_l0
    net = nn.Module()
    net.layer, net.raw = layer, raw
    x = torch.randn(35, 20, 128)

    def loss() -> Tensor:
        layer.weight_hh_l0 = F.dropout(raw, 0.5)
        found: Tensor = layer(x)[0].square().mean()
        return found

    return training(net, loss)


def cell_loop(library: Any) -> Step:
    """A loop of 20 steps over an LSTMCell of 128, 32 rows."""
    cell, x = library.LSTMCell(64, 128), torch.randn(20, 32, 64)

    def loss() -> Tensor:
        state, total = None, torch.zeros(())
        for row in x:
            state = cell(row, state)
            total = total + state[0].square().mean()
        return total

    return training(cell, loss)


def acting(library: Any) -> Step:
    """An agent with an LSTM of 64: one row, one step, no gradient, the state carried; 100 steps."""
    layer, head, seen = library.LSTM(32, 64), nn.Linear(64, 4), torch.randn(1, 1, 32)

    @torch.no_grad()
    def step() -> None:
        state = None
        for _ in range(100):
            y, state = layer(seen, state)
            head(y).argmax(-1)

    return step


def tagger(library: Any) -> Step:
    """A bidirectional GRU of 100 on packed sentences of 5 to 40 words, 32 of them."""
    layer = library.GRU(100, 100, batch_first=True, bidirectional=True)
    net = nn.ModuleList([nn.Embedding(5000, 100), layer, nn.Linear(200, 20)])
    lengths = torch.randint(5, 41, (32,))
    words, tags = torch.randint(0, 5000, (32, 40)), torch.randint(0, 20, (32, 40))

    def loss() -> Tensor:
        packed = pack_padded_sequence(net[0](words), lengths, batch_first=True, enforce_sorted=False)
        y, _ = pad_packed_sequence(net[1](packed)[0], batch_first=True, total_length=40)
        return F.cross_entropy(net[2](y).flatten(0, 1), tags.flatten())

    return training(net, loss)


PROGRAMS: dict[str, Callable[[Any], Step]] = {
    "language_model": language_model,
    "forecaster": forecaster,
    "weight_drop": weight_drop,
    "cell_loop": cell_loop,
    "acting": acting,
    "tagger": tagger,
}


def measure(name: str, repetitions: int) -> common.Row:
    calls = {}
    for library, title in ((ht, "hitherto"), (nn, "torch")):
        torch.manual_seed(0)
        calls[title] = PROGRAMS[name](library)
    taken = common.interleave(calls, repetitions)
    found = common.ratios(taken, "hitherto")["torch"]
    return {
        "ratio": found["median"],
        "low": found["low"],
        "high": found["high"],
        "milliseconds": common.rounded(common.median(taken["hitherto"]) * 1e3, 3),
        "threads": torch.get_num_threads(),
    }


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PROGRAMS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=common.REPETITIONS)
    parser.add_argument("--write", action="store_true", help=f"keep the results in {RESULTS.name}")
    args = parser.parse_args(argv)
    unknown = set(args.names) - set(PROGRAMS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(PROGRAMS)}")
    torch.set_num_threads(args.threads)
    for name in args.names or PROGRAMS:
        row = measure(name, args.repetitions)
        if args.write:
            common.keep(RESULTS, name, **row, load=common.machine()["load"])
        else:
            common.say(f"{name}: " + ", ".join(f"{k} {v}" for k, v in row.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
