"""The faults that `mutants.py --native` plants in the extension, which it compiles again for each."""

from faults import Mutant

__all__ = ["NATIVE_MUTANTS"]


def _fault(name: str, file: str, old: str, new: str, tests: str, asked: str = "") -> Mutant:
    return Mutant(name, f"native/{file}", old, new, tests, asked)


NATIVE_MUTANTS = [
    _fault(
        "lstm: input and forget gates swapped",
        "cells.h",
        "c = fma(ifgo[1], c, mul(ifgo[0], ifgo[2]));",
        "c = fma(ifgo[0], c, mul(ifgo[1], ifgo[2]));",
        "test_kernels.py",
        "small_cases",
    ),
    _fault(
        "gru: update gate the other way round",
        "cells.h",
        "return fma(z, sub(h, n), n);",
        "return fma(z, sub(n, h), h);",
        "test_kernels.py",
        "small_cases",
    ),
    _fault(
        "backward: the gradient of c passes the wrong gate",
        "cells.h",
        "dc = mul(dc, f);",
        "dc = mul(dc, i);",
        "test_kernels.py",
        "small_cases",
    ),
    _fault(
        "lengths: a row ends a step late",
        "unroll.h",
        "        if (row < u.active(mid))",
        "        if (row <= u.active(mid))",
        "test_kernels.py",
        "small_cases",
    ),
    _fault(
        "weights: of the tokens only the last block counts",
        "gradients.h",
        "p.add = token > 0;",
        "p.add = false;",
        "test_kernels.py",
        "large_cases",
    ),
    _fault(
        "places: one that does not exist is not refused",
        "bind.cpp",
        "if (u.places[i] < 0 || u.places[i] >= rows) return false;",
        "if (u.places[i] < 0) return false;",
        "test_kernels.py",
        "refused",
    ),
    _fault(
        "steps: a row goes on for a step after its end",
        "step_layer.h",
        "l.lengths[l.rows - 1] <= l.t) --l.rows;",
        "l.lengths[l.rows - 1] < l.t) --l.rows;",
        "test_native.py test_session.py",
    ),
    _fault(
        "program: widths that do not fit are not refused",
        "program.cpp",
        "s.O != s.P * s.D || (s.residual",
        "(s.residual",
        "test_native.py",
    ),
    _fault(
        "best: of equals the higher number comes first",
        "best.h",
        "values[a] == values[b] && ids[a] > ids[b]",
        "values[a] == values[b] && ids[a] < ids[b]",
        "test_decode.py test_native.py",
    ),
    _fault(
        "draw: one too many are kept",
        "draw.h",
        "end = order_.begin() + options_.top_k;",
        "end = order_.begin() + options_.top_k + 1;",
        "test_writer.py test_decode.py",
    ),
    _fault(
        "bfloat16: cut off, not rounded",
        "bfloat16.h",
        "_mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff))",
        "_mm512_sub_epi32(odd, odd)",
        "test_kernels.py",
        "bfloat16",
    ),
]
