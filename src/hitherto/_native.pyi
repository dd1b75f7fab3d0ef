from typing import Any, Self, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]

CELLS: dict[str, dict[str, int]]  # by name: number, gates, saved, dgates, normed
SPLITS: tuple[str, ...]
PRECISIONS: tuple[str, ...]
OPS: tuple[str, ...]
POOLINGS: tuple[str, ...]
ATTENTIONS: tuple[str, ...]
ACTIVATIONS: tuple[str, ...]
WEIGHTS: tuple[str, ...]

def forward(*args: int) -> None: ...
def backward(*args: int) -> None: ...
def bfloat16_forward(*args: int) -> None: ...
def bfloat16_backward(*args: int) -> None: ...
def normed_forward(*args: int) -> None: ...
def normed_backward(*args: int) -> None: ...
def entropy(
    scores: int,
    n: int,
    V: int,
    y: int,
    weights: int,
    smoothing: float,
    losses: int,
    gradient: bool,
    threads: int,
    /,
) -> None: ...
def activations(x: int, sigmoid: int, tanh: int, n: int, /) -> None: ...
def best(
    logits: int, rows: int, V: int, k: int, values: int, ids: int, totals: int, threads: int, /
) -> None: ...
def adopt_openmp() -> bool: ...
def info() -> dict[str, str | list[str]]: ...
def calibrate(kind: str, n: int, threads: int, /) -> float: ...

class Program:
    def __new__(cls, precision: str, states: int, /, *stages: dict[str, Any]) -> Self: ...
    def run(
        self, x: Array, states: Array | None, y: Array | None, lengths: Array | None, slots: Array | None, begin: int,
        end: int, threads: int, keys: Array | None, values: Array | None, memory_lengths: Array | None,
        memory_of: Array | None, attention: Array | None, /,
    ) -> None: ...  # fmt: skip
    @property
    def bytes(self) -> int: ...

class Session:
    def __new__(cls, program: Program, state: Any) -> Self: ...
    def push(self, x: Any, /, *, out: Any = None) -> Any: ...
    def draw(
        self, scores: Array, written: Array, seed: int, place: int, count: int, temperature: float, top_k: int,
        top_p: float, repetition_penalty: float, banned: Array, stops: Array, /,
    ) -> list[int]: ...  # fmt: skip
    def time(self, x: Any, n: int, /) -> float: ...
