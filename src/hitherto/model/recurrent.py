"""A layer of any row of `CELLS`, over a batch of sequences in any form.

Where all rows are full length, data is [T, B, I] and `sizes` None. Else `sizes` [T] says how many rows, longest first,
are active at each step, and data is packed [N, I], token after token, or stays padded as it came, with `places` [N] to
say which row each token is: so the kernels take it.

Three functions unroll: `kernels.unroll` (CPU, float32), `cudnn_unroll` (CUDA) and `reference.unroll` (the rest).
`path_of` chooses, `explain_path` reports what it chose. Layers take torch's own forward where somebody listens for
torch's functions: a trace, or a tensor subclass.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Self, TypeAlias, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.fx import Proxy
from torch.nn.utils.rnn import PackedSequence

from hitherto.cells import CELLS, Options
from hitherto.errors import InputError, UsageError
from hitherto.model import dynamo, kernels, normed, onnx
from hitherto.model.paths import compute_dtype, cudnn_unroll, path_of, warn_if_slow
from hitherto.model.reference import State, Weights, padded_of, tokens_of, unroll
from hitherto.model.weights import (
    Device,
    Weighted,
    check_flag,
    check_lengths,
    check_not_traced,
    check_probability,
    check_size,
    needs_grad,
)

__all__ = ["Recurrent"]

RECURRENT = "weight_hh"  # the weight that `weight_dropout` drops from

# What a call takes and gives, as torch.nn's layers do: the form of the answer follows that of the input (a tensor or a
# PackedSequence, a tensor h or a tuple), which no signature but an overload for each can tell.
Data: TypeAlias = Any


class _Layout(NamedTuple):
    """How the rows of a call lie, and how to give the answer back in the same form."""

    rows: int
    batched: bool = True
    packed: PackedSequence | None = None  # the input, where it was one
    places: Tensor | None = None  # [N]: which row of the flattened padded batch each token is
    order: Tensor | None = None  # [B]: the row of the caller's batch that comes here
    back: Tensor | None = None  # [B]: its inverse


class Recurrent(Weighted, nn.RNNBase):
    """A layer of any row of `CELLS`; `cell_options` are the cell's own.

    A cell without a kernel runs through the reference. The row needs no more than its step.
    """

    _unrolls = True
    _torchs_options = (*Weighted._torchs_options, "num_layers", "batch_first", "dropout", "bidirectional")

    # torch.nn's keep a second list of their weights in step with the first; ours need not.
    __setattr__ = nn.Module.__setattr__  # type: ignore[assignment]

    def __setstate__(self, d: dict[str, object]) -> None:
        nn.Module.__setstate__(self, d)

    def __getstate__(self) -> dict[str, object]:
        return cast("dict[str, object]", object.__getstate__(self))

    def _replicate_for_data_parallel(self) -> Self:
        return cast("Self", nn.Module._replicate_for_data_parallel(self))

    def __init__(
        self,
        cell: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Device = None,
        dtype: torch.dtype | None = None,
        *,
        recurrent_dropout: float = 0.0,
        weight_dropout: float = 0.0,
        locked_dropout: bool = False,
        layer_norm: bool = False,
        residual: bool = False,
        forget_bias: float | None = None,
        chrono: float | None = None,
        orthogonal: bool = False,
        cell_options: Options | None = None,
    ) -> None:
        super().__init__(
            cell,
            cell_options or {},
            input_size,
            hidden_size,
            bias,
            layer_norm,
            forget_bias,
            chrono,
            orthogonal,
        )
        num_layers = check_size("num_layers", num_layers)
        check_flag("batch_first", batch_first)
        dropout = check_probability("dropout", dropout)
        if dropout > 0 and num_layers == 1:
            warnings.warn(
                f"dropout={dropout} acts between layers, after all but the last, and num_layers is 1: it "
                "does nothing here. Add layers, or use recurrent_dropout.",
                stacklevel=3,
            )
        self.mode = self._cudnn or cell.upper()
        self.num_layers = num_layers
        self.batch_first = batch_first
        self.dropout = dropout
        self.bidirectional = bidirectional
        self.recurrent_dropout = check_probability("recurrent_dropout", recurrent_dropout)
        self.weight_dropout = check_probability("weight_dropout", weight_dropout)
        check_flag("locked_dropout", locked_dropout)
        self.locked_dropout = locked_dropout
        if weight_dropout and RECURRENT not in self._names:
            raise UsageError(f"the cell {cell} has no {RECURRENT}, so no weight_dropout; leave it out.")
        self.residual = residual
        self._directions = 2 if bidirectional else 1
        width = self._directions * self._state_sizes[0]
        for layer in range(num_layers):
            for suffix in ("", "_reverse")[: self._directions]:
                size = width if layer else input_size
                self._register(size, f"_l{layer}{suffix}", {"device": device, "dtype": dtype})
        self._all_weights = [[name for name in slot if name] for slot in self._slots]
        self._flat_weights_names = [name for names in self._all_weights for name in names]
        self.reset_parameters()
        self.flatten_parameters()

    def forward(self, input: Data, hx: Data = None, lengths: object = None) -> tuple[Data, Data]:  # noqa: A002
        """Unroll over a batch of sequences, as torch.nn's namesake does.

        input:   [T, B, I], or [B, T, I] with batch_first, or unbatched [T, I], or a PackedSequence
        hx:      the initial state, [L*D, B, H] each; zeros if None
        lengths: the true length of every row, in any order, zero allowed, as a list or an integer tensor.
                 Padding is never read, y is zero past a row's end, and the final state is that of each row's
                 own end.
        returns  y and the final state, in the form in which the input came
        """
        if isinstance(input, Proxy):
            more = {} if lengths is None else {"lengths": lengths}
            return cast("tuple[Data, Data]", self._leaf(input, hx, **more))
        data = input.data if isinstance(input, PackedSequence) else input
        start, weights, dtype = (
            () if hx is None else self._as_state(hx),
            self._weights(),
            compute_dtype(data),
        )
        path, why = path_of(self, data, dtype, [*start, *(w for ws in weights for w in ws)])
        if data is not input or lengths is not None:
            check_not_traced(path, lengths)
        if path == "onnx":
            return self._exported(input, start, lengths, weights)
        if self.weight_dropout and self.training:
            weights = [self._dropped(held) for held in weights]
        if path == "torch":
            if lengths is None:
                return cast("tuple[Data, Data]", super().forward(input, hx))
            path = "reference"
        x, sizes, layout = self._gather(input, lengths)
        state = self._initial(start, x, layout)
        bfloat16 = path == "kernels" and dtype is torch.bfloat16  # of the products alone
        if dtype is not x.dtype or torch._C._is_any_autocast_enabled():
            inside = torch.float32 if bfloat16 else dtype
            x, state = x.to(inside), tuple(s.to(inside) for s in state)
            weights = [tuple(w if w is None else w.to(inside) for w in ws) for ws in weights]
        self._check_weights(weights, x, path)
        if path == "reference":
            warn_if_slow(why)
        y, state = self._stack(path, x, sizes, layout.places, state, weights, bfloat16)
        if bfloat16:
            y, state = y.to(dtype), tuple(s.to(dtype) for s in state)
        return self._answer(y, state, layout)

    def _stack(
        self,
        path: str,
        x: Tensor,
        sizes: Tensor | None,
        places: Tensor | None,
        state: State,
        weights: list[Weights],
        bfloat16: bool,
    ) -> tuple[Tensor, State]:
        """All layers, one after the other; cuDNN takes them in one call where it can."""
        training = torch.is_grad_enabled() and needs_grad([x, *state, *(w for ws in weights for w in ws)])
        dropout = self.dropout if self.training and self.num_layers > 1 else 0.0
        whole = path == "cudnn" and not self.residual and not (self.locked_dropout and dropout)
        at_once = self.num_layers if whole else 1
        D, padded, turned = self._directions, None, False
        # A residual would carry padding along, and normalised inputs are projected before the kernels see them.
        if path != "kernels" or self.residual or self.layer_norm:
            if places is not None:
                padded = places, x.shape[:-1]
                x, places = tokens_of(x, sizes, places, state[0].size(1)), None
        elif places is None and sizes is None and self._in_place(x, dropout):
            x, turned = x.transpose(0, 1), True
            places = torch.arange(x.size(0) * x.size(1)).view(x.size(0), x.size(1)).t().reshape(-1)
        ends: list[State] = []
        for first in range(0, self.num_layers, at_once):
            rows = slice(first * D, (first + at_once) * D)
            inner = self._drop(x, dropout, sizes, places) if first and dropout else x
            start = state if at_once == self.num_layers else tuple(s[rows] for s in state)  # each [D, B, H]
            if path == "kernels" and self.layer_norm:
                masks = self._masks(start[0])
                y, end = normed.unroll(
                    self._kernel, self._names, inner, sizes, start, weights[rows], training, masks
                )
            elif path == "kernels":
                masks = self._masks(start[0])
                y, end = kernels.unroll(
                    self._kernel, inner, sizes, places, start, weights[rows], training, masks, bfloat16
                )
            elif path == "cudnn":
                y, end = cudnn_unroll(self._kernel, inner, sizes, start, weights[rows], D, dropout, training)
            else:
                y, end = self._reference(inner, sizes, start, weights[rows])
            x = y + x if self.residual and y.size(-1) == x.size(-1) else y
            ends.append(end)
        if padded is not None:
            x = padded_of(x, *padded)
        elif turned:
            x = x.transpose(0, 1)
        return x, ends[0] if len(ends) == 1 else tuple(torch.cat(parts) for parts in zip(*ends, strict=True))

    def _dropped(self, weights: Weights) -> Weights:
        """The weights of one layer and direction, with one mask on the recurrent matrix for all steps and rows."""
        return tuple(
            F.dropout(w, self.weight_dropout) if name == RECURRENT and w is not None else w
            for name, w in zip(self._names, weights, strict=True)
        )

    def _drop(self, x: Tensor, rate: float, sizes: Tensor | None, places: Tensor | None) -> Tensor:
        """Dropout between two layers. If locked, a row has one mask for all its steps."""
        if not self.locked_dropout:
            return F.dropout(x, rate)
        if x.dim() == 3:  # full length, or padded
            time = 1 if self.batch_first and places is not None else 0
            return x * F.dropout(torch.ones_like(x.narrow(time, 0, 1)), rate)
        assert sizes is not None  # noqa: S101 - x is packed
        rows = (torch.arange(int(sizes[0])) < sizes.unsqueeze(1)).nonzero()[:, 1]  # [N]
        return x * F.dropout(x.new_ones(int(sizes[0]), x.size(-1)), rate)[rows.to(x.device)]

    def _exported(
        self, batch: Tensor | PackedSequence, state: State, lengths: object, weights: list[Weights]
    ) -> tuple[Tensor, Tensor | State]:
        """What `forward` gives, while torch.onnx.export writes it down: no number of the input is looked at."""
        if isinstance(batch, PackedSequence):
            raise UsageError("torch.onnx.export has no PackedSequence; give the padded batch, and lengths=.")
        x = batch.unsqueeze(1) if batch.dim() == 2 else batch.transpose(0, 1) if self.batch_first else batch
        D, B = self._directions, x.size(1)
        if not state:
            state = tuple(x.new_zeros(self.num_layers * D, B, size) for size in self._state_sizes)
        elif batch.dim() == 2:
            state = tuple(s.unsqueeze(1) for s in state)
        sizes = None if lengths is None else torch.as_tensor(lengths)
        ends: list[State] = []
        for first in range(0, self.num_layers * D, D):
            rows = slice(first, first + D)
            inner = F.dropout(x, self.dropout, self.training) if first and self.dropout else x
            y, end = onnx.unroll(self._kernel, inner, sizes, tuple(s[rows] for s in state), weights[rows])
            x = y + x if self.residual and y.size(-1) == x.size(-1) else y
            ends.append(end)
        state = tuple(torch.cat(parts) for parts in zip(*ends, strict=True))
        if batch.dim() == 2:
            x, state = x.squeeze(1), tuple(s.squeeze(1) for s in state)
        elif self.batch_first:
            x = x.transpose(0, 1)
        return x, state[0] if len(state) == 1 else state

    def _in_place(self, x: Tensor, dropout: float) -> bool:
        """Whether the kernels read x as it came, [B, T, I], with places.

        Dropout draws in the order of memory: with it x is copied, to have torch's masks.
        """
        return self.batch_first and not dropout and not torch.compiler.is_compiling() and 1 not in x.shape[:2]

    def _in_onnx(self) -> bool:
        ours = self.layer_norm or self.proj_size or self._drops
        return onnx.knows(self._kernel) and not ours

    def _is_torchs(self) -> bool:
        ours = self.layer_norm or self.residual or not self._cudnn
        return not (ours or self._drops)

    @property
    def _drops(self) -> bool:
        """Whether a dropout is at work that torch.nn does not have."""
        locked = self.locked_dropout and self.dropout
        return self.training and bool(self.recurrent_dropout or self.weight_dropout or locked)

    def _torch_says_features(self, came: int) -> str:
        return f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {came}"

    def _torch_says_state(self, n: int, s: Tensor, expected: tuple[int, ...]) -> str:
        several = len(self._state_sizes) > 1
        which = f"hidden[{n}]" if several else "hidden"
        if s.dim() != len(expected):
            form = "batched 3-D" if len(expected) == 3 else "unbatched 2-D"
            hx = "hx and cx" if several else "hx"
            return f"For {form} input, {hx} should also be {len(expected)}-D but got {which} {s.dim()}-D"
        return f"Expected {which} size {expected}, got {list(s.shape)}"

    def _reference(
        self, x: Tensor, sizes: Tensor | None, state: State, weights: Sequence[Weights]
    ) -> tuple[Tensor, State]:
        masks = self._masks(state[0])
        return unroll(CELLS[self._cell], self._options, self._names, x, sizes, state, weights, masks)

    def _masks(self, h: Tensor) -> Tensor | None:
        """What recurrent_dropout leaves of h [D, B, H], for the whole sequence; None where it does nothing."""
        if not (self.recurrent_dropout and self.training):
            return None
        return torch.stack([F.dropout(torch.ones_like(rows), self.recurrent_dropout) for rows in h.detach()])

    # ------------------------------------------------------------------------------- into the layout and back

    def _gather(
        self, batch: Tensor | PackedSequence, lengths: object
    ) -> tuple[Tensor, Tensor | None, _Layout]:
        """[T, B, I] and None; or rows active at each step, with packed [N, I] or the batch as it came."""
        weight = self._first_weight()
        if isinstance(batch, PackedSequence):
            if lengths is not None:
                raise UsageError(
                    "A PackedSequence knows its lengths; leave lengths= out, or give the padded batch."
                )
            return self._from_packed(batch, weight)
        if batch.dim() not in (2, 3):
            form = "[B, T, I]" if self.batch_first else "[T, B, I]"
            raise InputError(
                f"{type(self).__name__}: Expected input to be 2D or 3D, got {batch.dim()}D: it expects {form}, "
                "or unbatched [T, I]."
            )
        self._check_x(batch, weight)
        batched = batch.dim() == 3
        x = batch if batched else batch.unsqueeze(0 if self.batch_first else 1)
        T, B = (x.size(1), x.size(0)) if self.batch_first else (x.size(0), x.size(1))
        if lengths is not None:
            true = check_lengths(lengths, T, B)
            if B and int(true.min()) < T:
                return self._from_padded(x, true, T, B, batched)
        return x.transpose(0, 1) if self.batch_first else x, None, _Layout(B, batched)

    def _first_weight(self) -> Tensor:
        name = self._slots[0][0]
        held = self._parameters.get(name)
        return cast("Tensor", getattr(self, name) if held is None else held)

    def _from_packed(self, packed: PackedSequence, weight: Tensor) -> tuple[Tensor, Tensor | None, _Layout]:
        x, sizes = packed.data, packed.batch_sizes
        counts = cast("list[int]", sizes.tolist())
        if not (kernels.readable(sizes, torch.int64) and sizes.is_contiguous()):
            sizes = torch.tensor(counts)
        if (
            x.dim() != 2
            or sum(counts) != x.size(0)
            or counts != sorted(counts, reverse=True)
            or counts[-1:] < [1]
        ):
            raise InputError(
                f"A PackedSequence needs data [N, I] and batch_sizes that fall and sum up to N, but got data "
                f"{tuple(x.shape)} and batch_sizes {counts}; make it with pack_padded_sequence."
            )
        self._check_x(x, weight)
        layout = _Layout(counts[0], packed=packed, order=packed.sorted_indices, back=packed.unsorted_indices)
        if counts[0] == counts[-1]:
            return x.view(len(counts), counts[0], -1), None, layout
        return x, sizes, layout

    def _from_padded(
        self, x: Tensor, lengths: Tensor, T: int, B: int, batched: bool
    ) -> tuple[Tensor, Tensor, _Layout]:
        n = lengths.numpy()  # these arrays are small: torch would take longer to call than to compute
        order = np.argsort(-n, kind="stable")  # [B], longest first
        steps = np.arange(n.max())[:, None]  # [longest, 1]
        active = steps < n[order]  # [longest, B]
        places = (order * T + steps if self.batch_first else steps * B + order)[active]  # [N]
        sizes = torch.from_numpy(active.sum(1))  # [longest]
        index, here, back = (torch.from_numpy(a).to(x.device) for a in (places, order, np.argsort(order)))
        return x, sizes, _Layout(B, batched, None, index, here, back)

    def _initial(self, state: State, x: Tensor, layout: _Layout) -> State:
        """The initial state in the order of our rows; zeros if there is none."""
        lead = self.num_layers * self._directions
        if not state:
            return tuple(x.new_zeros(lead, layout.rows, size) for size in self._state_sizes)
        if layout.batched:
            self._check_state(state, x, (lead, layout.rows))
        else:
            self._check_state(state, x, (lead,))
            state = tuple(s.unsqueeze(1) for s in state)
        return state if layout.order is None else tuple(s.index_select(1, layout.order) for s in state)

    def _answer(self, y: Tensor, state: State, layout: _Layout) -> tuple[Data, Data]:
        if layout.back is not None:
            state = tuple(s.index_select(1, layout.back) for s in state)
        if not layout.batched:
            state = tuple(s.squeeze(1) for s in state)
        end = state[0] if len(state) == 1 else state
        if layout.packed is not None:
            _, sizes, order, back = layout.packed
            return PackedSequence(y.reshape(-1, y.size(-1)), sizes, order, back), end
        axis = 0 if self.batch_first else 1  # of the batch
        if layout.places is None and self.batch_first:
            y = y.transpose(0, 1)
        return y if layout.batched else y.squeeze(axis), end

    # ------------------------------------------------------------------------------ what torch.nn's have, too

    @property
    def _flat_weights(self) -> list[Tensor | None]:
        """The weights in torch's order as they are now; None for one that was taken out."""
        return [getattr(self, name, None) for name in self._flat_weights_names]

    @_flat_weights.setter
    def _flat_weights(self, weights: Sequence[Tensor | None]) -> None:
        for name, w in zip(self._flat_weights_names, weights, strict=True):
            if w is not getattr(self, name, None):
                setattr(self, name, w)

    def _init_flat_weights(self) -> None:
        self.flatten_parameters()

    def _update_flat_weights(self) -> None:
        """There is nothing to update: weights are read anew by every call."""

    def _weights_have_changed(self) -> bool:
        return False

    def flatten_parameters(self) -> None:
        """On CUDA lay the weights out as cuDNN wants them; elsewhere there is nothing to do."""
        flat = [w for w in self._flat_weights if isinstance(w, Tensor) and w.is_cuda]
        if self.layer_norm or len(flat) < len(self._flat_weights_names):
            return
        if len({w.dtype for w in flat}) > 1 or len({w.data_ptr() for w in flat}) < len(flat):
            return
        if not torch.backends.cudnn.is_acceptable(flat[0]):
            return
        from torch.backends.cudnn import rnn

        weights = self.all_weights

        at_once = 1 if self.residual else self.num_layers
        D = self._directions
        with torch.no_grad(), torch.cuda.device_of(flat[0]):
            for first in range(0, self.num_layers, at_once):
                block = weights[first * D : (first + at_once) * D]
                # What torch.nn's own layers call: it has no public name.
                torch._cudnn_rnn_flatten_weight(  # pyright: ignore[reportPrivateImportUsage]
                    [w for ws in block for w in ws],
                    len(block[0]),
                    block[0][0].size(1),
                    rnn.get_cudnn_mode(self.mode),
                    self.hidden_size,
                    self.proj_size,
                    at_once,
                    self.batch_first,
                    self.bidirectional,
                )

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        nn.Module._apply(self, fn, recurse)
        self.flatten_parameters()
        return self

    def extra_repr(self) -> str:
        """torch.nn's, and our own options where they are set."""
        defaults = {
            "proj_size": 0,
            "num_layers": 1,
            "bias": True,
            "batch_first": False,
            "dropout": 0.0,
            "bidirectional": False,
        }
        changed = [
            f", {name}={self.__dict__[name]}" for name, d in defaults.items() if self.__dict__[name] != d
        ]
        return f"{self.input_size}, {self.hidden_size}{''.join(changed)}{self._extra_repr()}"


dynamo.admit(Recurrent)
