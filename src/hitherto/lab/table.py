"""The experiments, a row each, in the order of the page."""

from collections.abc import Callable
from dataclasses import dataclass

from hitherto.lab import memory, models
from hitherto.lab.result import Lab, Result

__all__ = ["EXPERIMENTS", "Experiment"]


@dataclass(frozen=True, slots=True)
class Experiment:
    """One row: what it asks, and the function that answers. Its claims and pictures come from there."""

    about: str
    run: Callable[[Lab], Result]


EXPERIMENTS: dict[str, Experiment] = {
    "sentence": Experiment("A sentence, read word by word: its memory, and what comes next", models.sentence),
    "forms": Experiment("Four shapes of input and output, each with a real model", models.forms),
    "radius": Experiment("Gradients that vanish and explode, over the spectral radius", memory.radius),
    "gradient": Experiment("The gradient by lag, before training and after", memory.gradient),
    "recall": Experiment("The first symbol, asked for 10 to 3,000 steps later", memory.recall),
    "adding": Experiment("The sum of two numbers that are far apart", memory.adding),
    "copying": Experiment("Symbols said again later", memory.copying),
    "lengths": Experiment("GRU and LSTM on short and long sequences", memory.lengths),
    "cost": Experiment("Weights, time and memory of the cells", models.cost),
}
