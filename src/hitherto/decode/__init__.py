"""From log-probabilities to text, a step at a time: `step(state, tokens) -> (log_probs, state)`.

Tokens are [B], log-probabilities [B, V]; a state is whatever `step` returns. A decoder knows nothing else of a model,
so the same ones serve the torch module, the engine and a function in a test. `DECODERS` lists them: generators of token
numbers. Each reads `DecodeOptions`, the options of decoding; `OPTIONS` has a row for each that a user may set.

The decoders of the head `ctc` read log-probabilities [T, K], a row for each step of the input, and give each symbol
with its step. `CtcGreedy` and `PrefixBeam` do so as the steps come. In `DECODERS` they give the symbols alone.
"""

from hitherto.decode.beam import Hypothesis, beam, beams, best_beam, highest
from hitherto.decode.ctc import PrefixBeam
from hitherto.decode.greedy import CtcGreedy, ctc_greedy, greedy
from hitherto.decode.options import OPTIONS, DecodeOptions, Option
from hitherto.decode.sample import nucleus, penalised, sample, suggest, top, until
from hitherto.decode.table import DECODERS

__all__ = [
    "DECODERS",
    "OPTIONS",
    "CtcGreedy",
    "DecodeOptions",
    "Hypothesis",
    "Option",
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
