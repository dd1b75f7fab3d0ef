"""Train a character model on text that every CPython carries, sample it, and time it beside torch.nn's layer.

    python examples/demo.py                  a minute or two on two cores
    python examples/demo.py --cell lstm --steps 100

The text is Python's language reference (pydoc_data.topics), read as `batch` lanes side by side. The state
goes on from one stretch of characters to the next, so the memory reaches further back than the gradient.
"""

import argparse
import math
import time
from pydoc_data.topics import topics
from statistics import median
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

import hitherto as ht

State: TypeAlias = Tensor | tuple[Tensor, Tensor]  # h, or (h, c)

LAYERS = {"rnn": (ht.RNN, nn.RNN), "lstm": (ht.LSTM, nn.LSTM), "gru": (ht.GRU, nn.GRU)}


class CharModel(nn.Module):
    """Embedding, one recurrent layer, a score for every character; `layer` is the recurrent layer."""

    def __init__(self, characters: int, layer: nn.Module, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(characters, input_size)
        self.layer = layer
        self.head = nn.Linear(hidden_size, characters)

    def forward(self, ids: Tensor, state: State | None) -> tuple[Tensor, State]:
        y, state = self.layer(self.embed(ids), state)  # [T, B, H]
        return self.head(y), state


def detach(state: State) -> State:
    return state.detach() if isinstance(state, Tensor) else (state[0].detach(), state[1].detach())


def gradients(model: CharModel, ids: Tensor, state: State | None) -> tuple[float, State, float]:
    """Forward and backward over a stretch `ids` [T + 1, B]: the loss, the state after it, the seconds."""
    start = time.perf_counter()
    model.zero_grad()
    scores, state = model(ids[:-1], state)
    loss = cross_entropy(scores.flatten(0, 1), ids[1:].flatten())
    loss.backward()
    return loss.item(), detach(state), time.perf_counter() - start


@torch.no_grad()
def sample(model: CharModel, alphabet: list[str], prompt: str, length: int, temperature: float = 0.6) -> str:
    """Continue `prompt` by `length` characters, one step at a time: the state is all that is carried."""
    ids = [alphabet.index(character) for character in prompt]
    fresh, state = ids, None
    for _ in range(length):
        scores, state = model(torch.tensor(fresh).unsqueeze(1), state)  # [T, 1, characters]
        fresh = torch.multinomial(torch.softmax(scores[-1, 0] / temperature, 0), 1).tolist()
        ids += fresh
    return "".join(alphabet[i] for i in ids)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train, sample and time a character model.")
    parser.add_argument("--cell", choices=LAYERS, default="gru")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--stretch", type=int, default=100)
    parser.add_argument("--input-size", type=int, default=64)
    parser.add_argument("--hidden-size", type=int, default=256)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    text = "\n\n".join(topics[name] for name in sorted(topics))
    alphabet = sorted(set(text))
    index = {character: i for i, character in enumerate(alphabet)}
    ids = torch.tensor([index[character] for character in text])
    length = len(ids) // args.batch
    lanes = ids[: length * args.batch].view(args.batch, length).t().contiguous()  # [length, B]
    print(f"{len(text):,} characters of {len(alphabet)} kinds; a {args.cell} of {args.hidden_size} units")

    ours, theirs = (
        CharModel(len(alphabet), layer(args.input_size, args.hidden_size), args.input_size, args.hidden_size)
        for layer in LAYERS[args.cell]
    )
    optimiser = torch.optim.Adam(ours.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=4e-3, total_steps=args.steps)
    state, position, losses = None, 0, []
    seconds: dict[CharModel, list[float]] = {ours: [], theirs: []}
    for step in range(1, args.steps + 1):
        if position + args.stretch >= length:
            state, position = None, 0
        stretch = lanes[position : position + args.stretch + 1]  # [T + 1, B]
        position += args.stretch

        # Every tenth step runs in torch.nn too, before ours or after: same weights, characters and state.
        models = {1: (ours, theirs), 11: (theirs, ours)}.get(step % 20, (ours,))
        if theirs in models:
            theirs.load_state_dict(ours.state_dict())
        results = {model: gradients(model, stretch, state) for model in models}
        if theirs in results:
            agree(results[ours][0], results[theirs][0])
            for model, (_, _, took) in results.items():
                seconds[model].append(took)
        loss, state, _ = results[ours]

        nn.utils.clip_grad_norm_(ours.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        losses.append(loss)
        if step % 200 == 0 or step == args.steps:
            recent = sum(losses[-50:]) / len(losses[-50:])
            print(f"\n--- step {step}: {recent / math.log(2):.2f} bits per character")
            print(sample(ours, alphabet, "The ", 300), flush=True)

    threads, tokens = torch.get_num_threads(), args.stretch * args.batch
    fast, slow = tokens / median(seconds[ours]), tokens / median(seconds[theirs])
    print(f"\nforward and backward, {threads} threads, {args.batch} x {args.stretch} characters a step:")
    print(f"  hitherto {fast:>9,.0f} tokens/s    torch.nn {slow:>9,.0f} tokens/s    {fast / slow:.2f}x")


def agree(loss: float, expected: float) -> None:
    """Stop where the two layers do not compute the same loss: a speed would mean nothing then."""
    if not math.isclose(loss, expected, rel_tol=1e-4):
        raise SystemExit(f"The loss is {loss} here and {expected} in torch.nn; they should be equal.")


if __name__ == "__main__":
    main()
