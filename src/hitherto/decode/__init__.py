"""From log-probabilities to text, a step at a time: `step(state, tokens) -> (log_probs, state)`.

Tokens are [B], log-probabilities [B, V]; a state is whatever `step` gives back. A decoder knows nothing else of a
model, so the same ones serve the torch module, the engine and a function in a test. `DECODERS` lists them: generators
of token numbers, one at a time.

Those of the head `ctc` read log-probabilities that are there already, [T, K], a row for each step of the input, and say
when each symbol was: `CtcGreedy` and `PrefixBeam`, as the steps come. In `DECODERS` they give the symbols alone.
"""

from hitherto.decode.beam import Hypothesis, beam, beams, best_beam, highest
from hitherto.decode.ctc import PrefixBeam
from hitherto.decode.greedy import CtcGreedy, ctc_greedy, greedy
from hitherto.decode.sample import nucleus, penalised, sample, suggest, top, until
from hitherto.decode.table import DECODERS

__all__ = [
    "DECODERS",
    "CtcGreedy",
    "Hypothesis",
    "PrefixBeam",
    "beam",
    "beams",
    "best_beam",
    "ctc_greedy",
    "greedy",
    "highest",
    "nucleus",
    "penalised",
    "sample",
    "suggest",
    "top",
    "until",
]
