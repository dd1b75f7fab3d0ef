"""Looking into a model: what it holds at each step, and what its answers rest on. Plain arrays, no torch.

seen = model.inspect("I am going to the")
hitherto.inspect.silenced(model, "I am going to the", "step.recurrent.0")
"""

from hitherto.inspect.experiments import Beside, Passage, Resting, beside, moved, resting, silenced
from hitherto.inspect.inspection import MEASURES, Inspection, LayerSeen, inspect

__all__ = [
    "MEASURES",
    "Beside",
    "Inspection",
    "LayerSeen",
    "Passage",
    "Resting",
    "beside",
    "inspect",
    "moved",
    "resting",
    "silenced",
]
