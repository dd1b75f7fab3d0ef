"""A translator as a plain torch.nn script has it, to be measured beside: packed encoder, attention, beam search.

It takes its sizes from a plan and its weights from a bundle of ours, whose names and layouts are torch.nn's, so that it
computes the same. Nothing here knows our layers or kernels.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from hitherto.plan import Plan, operations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


IGNORED = -100  # a place of the target that is padding, as cross_entropy has it


class Translator(nn.Module):
    """A bidirectional encoder, a decoder, and multiplicative attention after it. Without dropout: it is for timing."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        named = {op["name"]: op for op in operations(plan)}
        o = {name: op["options"] for name, op in named.items()}
        if o.get("attend", {}).get("kind") != "multiplicative" or "recall" in o or "copy" in o:
            raise ValueError(
                "the torch script has multiplicative attention and nothing else; train such a model"
            )
        encoder, decoder = o["encoder"], o["decoder"]
        layer: Any = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[encoder["cell"]]
        self.states = ("h", "c") if encoder["cell"] == "lstm" else ("h",)
        self.embed_source = nn.Embedding(o["embed_source"]["size"], o["embed_source"]["width"])
        self.embed = nn.Embedding(o["embed"]["size"], o["embed"]["width"])
        if named["embed"].get("weights"):
            self.embed.weight = self.embed_source.weight
        self.encoder = layer(
            encoder["input_size"],
            encoder["hidden_size"],
            encoder["num_layers"],
            bidirectional=encoder["bidirectional"],
        )
        self.decoder = layer(decoder["input_size"], decoder["hidden_size"], decoder["num_layers"])
        width = encoder["hidden_size"] * (1 + encoder["bidirectional"])
        self.bridge = nn.ModuleDict(
            {s: nn.ModuleList(nn.Linear(width, decoder["hidden_size"]) for _ in range(decoder["num_layers"]))
             for s in self.states}
        )  # fmt: skip
        self.attend = nn.Linear(width, decoder["hidden_size"], bias=False)
        self.combine = nn.Linear(o["combine"]["input_size"], o["combine"]["output_size"])
        self.head = nn.Linear(o["head"]["input_size"], o["head"]["output_size"])
        tied = named["head"].get("weights")
        if tied:
            self.head.weight = self.embed.weight

    def take(self, tensors: Mapping[str, Any]) -> Translator:
        """The weights of our bundle, or of our module."""
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                if name.startswith("bridge."):
                    _, state, row, kind = name.split(".")
                    name = f"bridge_decoder_{state}.{kind}_{row}"
                parameter.copy_(torch.as_tensor(np.array(tensors[name])))
        return self

    def encode(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor, tuple[Tensor, ...]]:
        """Memory and keys [B, S, ...], what lies outside of the sources [B, 1, S], and the decoder's first states."""
        packed = pack_padded_sequence(self.embed_source(source), lengths, enforce_sorted=False)
        y, ends = self.encoder(packed)
        memory = pad_packed_sequence(y, total_length=len(source))[0].transpose(0, 1)  # [B, S, M]
        begin = []
        for state, end in zip(self.states, ends if len(self.states) > 1 else (ends,), strict=True):
            sides = end.reshape(self.encoder.num_layers, -1, *end.shape[1:]).transpose(1, 2).flatten(2)
            rows: Any = self.bridge[state]
            own = torch.stack([row(side) for row, side in zip(rows, sides[-len(rows) :], strict=True)])
            begin.append(own if state == "c" else own.tanh())
        outside = torch.arange(len(source)) >= lengths[:, None]
        return memory, self.attend(memory), outside[:, None], tuple(begin)

    def decode(
        self, x: Tensor, states: tuple[Tensor, ...], keys: Tensor, memory: Tensor, outside: Tensor
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Features [B, T, F] for tokens x [T, N], and the states after them; N is B, or so many rows for each of B."""
        y, after = self.decoder(self.embed(x), states if len(states) > 1 else states[0])
        B = len(memory)
        query = y.transpose(0, 1).reshape(B, -1, y.shape[-1])  # [B, T, H], or [B, rows, H] of one step
        weights = torch.bmm(query, keys.transpose(1, 2)).masked_fill(outside, -torch.inf).softmax(-1)
        context = torch.bmm(weights, memory)
        features = self.combine(torch.cat([query, context], -1)).tanh()
        return features, after if len(states) > 1 else (after,)

    def forward(self, source: Tensor, lengths: Tensor, x: Tensor) -> Tensor:
        """Logits [B, T, V] of what follows each token of x [T, B]."""
        memory, keys, outside, states = self.encode(source, lengths)
        logits: Tensor = self.head(self.decode(x, states, keys, memory, outside)[0])
        return logits


@dataclass(frozen=True, slots=True)
class Pairs:
    """A padded batch as tensors."""

    source: Tensor  # [S, B]
    lengths: Tensor  # [B]
    x: Tensor  # [T, B]
    y: Tensor  # [T, B], IGNORED at padding

    @classmethod
    def of(cls, batch: Any) -> Pairs:
        """What one of our batches holds."""
        source, x = batch.inputs["source"], batch.inputs["x"]
        lengths = (
            np.full(source.shape[1], len(source)) if batch.source_lengths is None else batch.source_lengths
        )
        y = np.full(x.size, IGNORED)
        y[batch.at] = batch.targets["y"]
        return cls(*map(torch.from_numpy, (source, lengths, x, y.reshape(x.shape))))


def steps(
    model: Translator, batches: Sequence[Pairs], lr: float, clip: float, label_smoothing: float = 0.0
) -> Callable[[int], float]:
    """A function that takes training step i and gives its loss."""
    adam = torch.optim.Adam(model.parameters(), lr=lr, fused=True)

    def step(i: int) -> float:
        batch = batches[i]
        adam.zero_grad()
        logits = model(batch.source, batch.lengths, batch.x)
        loss = nn.functional.cross_entropy(
            logits.flatten(0, 1),
            batch.y.t().flatten(),
            ignore_index=IGNORED,
            label_smoothing=label_smoothing,
        )
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), clip)
        adam.step()
        return float(loss.detach())

    return step


# ---- decoding


def translate(
    model: Translator, sources: Sequence[Any], end: int, batch_size: int = 64, **search: Any
) -> list[list[int]]:
    """The best tokens for each source; with batch_size 1 a sentence at a time."""
    order = sorted(range(len(sources)), key=lambda i: len(sources[i]))
    found: list[list[int]] = [[] for _ in sources]
    for start in range(0, len(order), batch_size):
        group = order[start : start + batch_size]
        own = [torch.as_tensor(np.asarray(sources[i], np.int64)) for i in group]
        lengths = torch.tensor([len(s) for s in own])
        tokens = beam_search(model, nn.utils.rnn.pad_sequence(own), lengths, end, **search)
        for i, said in zip(group, tokens, strict=True):
            found[i] = said
    return found


@torch.inference_mode()
def beam_search(
    model: Translator,
    source: Tensor,
    lengths: Tensor,
    end: int,
    *,
    num_beams: int = 5,
    length_penalty: float = 1.0,
    max_new_tokens: int = 100,
) -> list[list[int]]:
    """The best tokens for each column of source [S, B], without the end.

    A score is the sum of log-probabilities over length ** length_penalty, the end counted; a source is done when none
    of its beams, as it stands, comes before the worst of num_beams that have ended. What is done leaves the batch.
    """
    memory, keys, outside, states = model.encode(source, lengths)
    B, k = source.shape[1], num_beams
    states = tuple(s.repeat_interleave(k, 1) for s in states)  # [L, B * k, H]
    tokens = torch.full((B, k), end)
    totals = torch.full((B, k), -torch.inf)
    totals[:, 0] = 0.0  # all beams are the same at first: one of them counts
    said = tokens.new_zeros(B, k, 0)
    ended = torch.full((B, k), -torch.inf)  # scores of what has ended, falling
    texts = tokens.new_full((B, k, max_new_tokens), end)
    which = torch.arange(B)
    found: list[list[int]] = [[] for _ in range(B)]

    def finish(rows: Tensor) -> None:
        for i, best in zip(which[rows].tolist(), texts[rows, 0].tolist(), strict=True):
            found[i] = list(itertools.takewhile(lambda token: token != end, best))

    def enter(scores: Tensor, candidates: Tensor) -> tuple[Tensor, Tensor]:
        """The k best of what had ended and of what now has."""
        candidates = nn.functional.pad(candidates, (0, max_new_tokens - candidates.shape[2]), value=end)
        best, at = torch.cat([ended, scores], 1).topk(k)
        pool = torch.cat([texts, candidates], 1)
        return best, pool.gather(1, at[:, :, None].expand(-1, -1, max_new_tokens))

    for place in range(max_new_tokens):
        features, states = model.decode(tokens.view(1, -1), states, keys, memory, outside)
        log_probs = model.head(features).log_softmax(-1)  # [B, k, V]
        V = log_probs.shape[-1]
        values, at = (totals[:, :, None] + log_probs).flatten(1).topk(2 * k)
        rows, ids = at // V, at % V
        ends = ids == end
        inside = (~ends).cumsum(1) - (~ends).long() < k  # an end after k that go on is none of the best
        candidates = said.gather(1, rows[:, :, None].expand(-1, -1, said.shape[2]))
        scores = torch.where(ends & inside, values / (place + 1) ** length_penalty, -torch.inf)
        ended, texts = enter(scores, candidates)
        going = (ends | ~inside).long().argsort(dim=1, stable=True)[:, :k]
        totals, tokens, rows = (v.gather(1, going) for v in (values, ids, rows))
        said = torch.cat(
            [said.gather(1, rows[:, :, None].expand(-1, -1, said.shape[2])), tokens[:, :, None]], 2
        )
        most = totals[:, 0] / (place + 1) ** length_penalty
        done = (ended[:, -1] > -torch.inf) & (ended[:, -1] >= most)
        flat = (torch.arange(len(rows))[:, None] * k + rows)[~done].flatten()
        states = tuple(s.index_select(1, flat) for s in states)
        if done.any():
            finish(done)
            left = ~done
            memory, keys, outside, which = memory[left], keys[left], outside[left], which[left]
            totals, tokens, said, ended, texts = (v[left] for v in (totals, tokens, said, ended, texts))
            if not len(which):
                return found
    unfilled = (ended[:, -1:] == -torch.inf).expand_as(totals)
    ended, texts = enter(torch.where(unfilled, totals / max_new_tokens**length_penalty, -torch.inf), said)
    finish(torch.ones(len(which), dtype=torch.bool))
    return found
