"""The check of a plan from an untrusted bundle: one walk in the engine's order, before anything is allocated.

    plan = check(document, tensors)      the plan, or a BundleError that says what is wrong with it

The walk knows no operation by name: a row of `OPS` says what each reads, makes, keeps and weighs, and where it may
stand. It refuses whatever the executors would have to guess: a value that is read where it was not made, a wrong width,
a tensor of another shape, a state that no operation has, an operation after the head. Widths are bounded, and the work
and memory of a step are bounded by the size of the file. Native code checks its arguments again.
"""

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, ParamSpec, TypeVar, cast

import msgspec
import numpy as np
from msgspec import UNSET, Meta, UnsetType

from hitherto.arrays import Array
from hitherto.bounds import WIDEST, Size, typed
from hitherto.cells import CELLS
from hitherto.errors import BundleError, UsageError
from hitherto.heads import HEADS
from hitherto.plan.ops import OPS, Op, Options, Plan, Shapes
from hitherto.spec.tasks import FORMS

__all__ = ["check"]

Shape = tuple[int, int]

# What a step may take: so much for each number in the file's weights, and so much in any case. A few weights may do
# much work, since a few filters can read a large image.
NUMBERS = (64, 1 << 24)  # that a step reads and makes
WORK = (1 << 10, 1 << 32)  # multiplications

Return = TypeVar("Return")
Arguments = ParamSpec("Arguments")

RESERVED = ("attend", "input", "stream", "search")  # before the names of states that are not a plan's

Name = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{1,100}\Z")]


class Lookback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A step that is a window of a series."""

    window: Size
    mask: bool
    beside: Annotated[int, Meta(ge=0, le=WIDEST)]
    ahead: Annotated[int, Meta(ge=0, le=WIDEST)]


class Input(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step of what a program reads."""

    kind: Annotated[str, Meta(pattern=r"\A(ids|vectors)\Z")]
    size: Size
    shape: tuple[Size, Size, Size] | None = None
    single: bool = False
    lookback: Lookback | None = None
    spelled: tuple[Size, Size, Size] | None = None


class Operation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An operation as it stands in the document; its row says what its options may be."""

    op: str
    name: Name
    inputs: Annotated[list[str], Meta(min_length=1)]
    outputs: Annotated[list[str], Meta(min_length=1, max_length=1)]
    options: dict[str, object]
    weights: dict[str, str] = {}

    def tensor(self, weight: str) -> str:
        """The name of the tensor that holds one of its weights."""
        return self.weights.get(weight, f"{self.name}.{weight}")


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the numbers of the last operation mean."""

    kind: str
    name: str
    options: dict[str, object]


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A plan as the bundle holds it."""

    form: str
    inputs: dict[str, Input]
    step: Annotated[list[Operation], Meta(min_length=1)]
    head: Head
    encode: Annotated[list[Operation], Meta(min_length=1)] | None = None
    bridge: list[Operation] | None = None


def check(plan: Mapping[str, object], tensors: Mapping[str, Array] | None = None) -> Plan:
    """The plan, once it is known to be sound and to fit `tensors`; a BundleError says what is wrong."""
    document = typed(plan, Document, "the plan")
    _expect(document.form in FORMS, f"its form {document.form!r:.80} is not known")
    writes = document.encode is not None
    _expect(
        writes == (document.bridge is not None), "it has one of encode and bridge, but needs both or none"
    )
    needed = {"x", "source"} if writes else {"x"}
    _expect(document.inputs.keys() == needed, f"its inputs must be {' and '.join(sorted(needed))}")
    for name, x in document.inputs.items():
        fits = x.shape is None or math.prod(x.shape) == x.size
        _expect(fits, f"the input {name!r} has the shape {x.shape}, but {x.size:,} numbers")
    walk = _Walk(document, tensors)
    walk.programs()
    if tensors is not None:
        walk.bounded(sum(math.prod(tensor.shape) for tensor in tensors.values()))
    return cast("Plan", dict(plan))  # its types are those that `Document` has


class _Walk:
    """One pass over the operations, in the order in which they run."""

    def __init__(self, document: Document, tensors: Mapping[str, Array] | None) -> None:
        self.document, self.tensors = document, tensors
        self.names: set[str] = set()
        self.shapes: Shapes = {}  # of the tensors that operations have themselves
        # Shared weights: of which operation, which tensor, and the shape it must have.
        self.tied: list[tuple[str, str, tuple[int, ...]]] = []
        self.numbers = sum(x.size for x in document.inputs.values() if x.kind == "vectors")
        self.work = 0
        self.memory: _Chain | None = None  # what attention looks at

    def programs(self) -> None:
        """All of them, and what holds between them."""
        document = self.document
        begin: dict[str, Shape] = {}
        if document.encode is not None:
            encode = _Chain("source", document.inputs["source"])
            self.run("encode", document.encode, encode)
            _expect(encode.stages > 0, "encode does nothing")
            _expect("memory" in encode.made, "encode makes no 'memory'")
            begin, self.memory = encode.states, encode
        step = _Chain("x", document.inputs["x"])
        self.run("step", document.step, step)
        self.head(step)
        _expect(
            not (self.memory and step.pooled),
            "step pools, but there is an encoder: what is written has an end",
        )
        form = ("many_to_one", "one_to_one") if step.pooled else ("many_to_many",)
        form = ("seq2seq", "one_to_many") if self.memory else form
        _expect(
            document.form in form, f"its form is {document.form}, but its programs are of {' or '.join(form)}"
        )
        made: set[str] = set()
        for op in document.bridge or []:
            row, options = self.operation("bridge", op)
            self.weigh(op, row, options)
            self.bridge(op, options, begin, step.states, made)
        for whose, name, shape in self.tied:
            _expect(name in self.shapes, f"{whose} shares the tensor {name!r:.80}, which no operation has")
            _expect(
                self.shapes[name] == shape, f"{whose} is {shape}, but shares {name!r}, {self.shapes[name]}"
            )

    def operation(self, program: str, op: Operation) -> tuple[Op, Options]:
        """Its row and its options, once they are known and typed."""
        row = OPS.get(op.op)
        if row is None:
            raise _unsound(f"the operation {op.op!r:.80} is not known to this version")
        _expect(op.name not in self.names, f"two operations are named {op.name!r}")
        self.names.add(op.name)
        _expect(program in row.programs, f"{op.name} is a {row.name}, which has no place in {program}")
        wanted = 2 if row.looks else 1
        _expect(
            len(op.inputs) == wanted,
            f"{op.name} has the wrong number of inputs: {len(op.inputs)}, not {wanted}",
        )
        _check_options(op, row)
        return row, op.options

    def run(self, program: str, operations: list[Operation], chain: "_Chain") -> None:
        """The operations of a program, each reading what the one before it gave."""
        looks = 0
        for op in operations:
            row, options = self.operation(program, op)
            what = f"{op.name} reads {op.inputs[0]!r:.80}"
            _expect(op.inputs[0] == chain.name, f"{what}, but what comes to it is {chain.name!r}")
            _expect(
                row.reads == chain.kind, f"{what}, which is {chain.kind}, but a {row.name} reads {row.reads}"
            )
            _expect(not (chain.pooled and (row.pools or row.decodes)), f"{op.name} stands behind a pool")
            _expect(chain.pooled or not row.behind, f"{op.name} must stand behind a pool")
            if row.looks:
                looks += 1
                self.look(op, options)
                _expect(looks == 1, f"{op.name} looks at the memory, as another does already")
            shapes = self.weigh(op, row, options)
            width = _ask(op.name, row.width, options, chain.width)
            states = _states_of(op, row)
            _expect(not states or not chain.pooled, f"{op.name} has states, and stands behind a pool")
            _expect(
                not states or op.name not in RESERVED,
                f"{op.name!r} is the name of other states; call it otherwise",
            )
            self.names_state(op, row, options, chain)
            self.numbers += width
            self.work += max(row.work(options), sum(map(math.prod, shapes)) if row.stage else 0)
            chain.take(op, row, options, width, states)
        decodes = chain.decodes and (chain.whole or chain.pooled)
        _expect(not decodes, f"{program} decodes step by step, but pools, or reads from the end, too")

    def look(self, op: Operation, options: Options) -> None:
        """What attention reads is what the encoder gives."""
        _expect(
            op.inputs[1] == "memory", f"{op.name} looks at {op.inputs[1]!r:.80}, but there is only 'memory'"
        )
        if self.memory is None:
            raise _unsound(f"{op.name} has nothing to look at")
        name, width = self.memory.seen
        _expect(name == "memory", f"{op.name} looks at 'memory', but the encoder gives {name!r}")
        _expect(
            options["memory_size"] == width, f"{op.name} does not fit the memory, which has {width:,} numbers"
        )

    def names_state(self, op: Operation, row: Op, options: Options, chain: "_Chain") -> None:
        """A state that an option names is one of this program's, and fits."""
        named = options.get(row.state) if row.state else ""
        if not named or row.fits is None:
            return
        # attention asks a state of a layer that comes after it, as the step before left it
        known = {
            state: shape
            for other in self.document.step
            if (its := OPS.get(other.op)) is not None and "step" in its.programs
            for state, shape in _states_of(other, its).items()
        }
        _expect(named in known, f"{op.name} names no state: {named!r:.80}")
        fits = row.fits(options, chain.width, known[named])
        _expect(fits, f"{op.name} does not fit the state {named}, which is {known[named]}")

    def weigh(self, op: Operation, row: Op, options: Options) -> list[tuple[int, ...]]:
        """The shapes of its weights, once the tensors are known to have them."""
        shapes = _ask(op.name, row.weights, options)
        for weight in op.weights:
            _expect(weight in shapes, f"{op.name} shares {weight!r:.80}, which it does not have")
        for weight, shape in shapes.items():
            name = op.tensor(weight)
            if weight in op.weights:
                self.tied.append((f"{op.name}.{weight}", name, tuple(shape)))
            else:
                self.shapes[name] = tuple(shape)
            if self.tensors is not None:
                _fits(name, tuple(shape), self.tensors)
        return list(shapes.values())

    def head(self, step: "_Chain") -> None:
        """The head is the last operation of `step`, has no states, and makes what its kind reads."""
        head, last = self.document.head, self.document.step[-1]
        if head.kind not in HEADS:
            raise _unsound(f"its head {head.kind!r:.80} is not known")
        row = HEADS[head.kind]
        typed(head.options, _head_options(head.kind), f"the plan: the head {head.kind}")
        _expect(
            head.name == last.name, f"the head names {head.name!r:.80}, but the last operation is {last.name}"
        )
        _expect(OPS[last.op].heads, f"the head's operation is a {last.op}, which cannot be one")
        _expect(step.stages > OPS[last.op].stage, "nothing stands before the head")
        size = _ask(f"the head {head.kind}", row.size, **head.options)
        _expect(
            step.width == size,
            f"the head {head.kind} reads {size:,} numbers, but {last.name} gives {step.width:,}",
        )
        _expect(
            not last.options.get("activation"),
            f"{last.name} has an activation, but the head reads bare numbers",
        )
        besides = [op.op for op, _ in step.beside]
        wanted = [row.beside.op] if row.beside is not None else []
        needs = f"the head {head.kind} reads {' and '.join(wanted) or 'nothing'} beside its numbers"
        _expect(besides == wanted, f"{needs}, but there is {' and '.join(besides) or 'nothing'}")
        for op, name in step.beside:
            _expect(name == last.inputs[0], f"{op.name} must read what {last.name} reads")
            for option, value in head.options.items():
                same = option not in OPS[op.op].options or op.options[option] == value
                _expect(same, f"{op.name} and the head {head.kind} have another {option}")
        if row.copies:
            source = self.document.inputs.get("source")
            _expect(step.looks, f"the head {head.kind} copies from where attention looks, and there is none")
            sound = source is not None and source.kind == "ids" and source.size <= size
            _expect(
                sound,
                f"the head {head.kind} copies ids of the source, but they are not of its {size:,} classes",
            )

    def bridge(
        self,
        op: Operation,
        options: Options,
        begin: Mapping[str, Shape],
        end: Mapping[str, Shape],
        made: set[str],
    ) -> None:
        (read,), (output,) = op.inputs, op.outputs
        _expect(read in begin, f"{op.name} reads {read!r:.80}, which is no state of the encoder")
        _expect(output in end, f"{op.name} makes {output!r:.80}, which is no state of step")
        _expect(output not in made, f"{op.name} makes {output}, as another does already")
        made.add(output)
        whole = options["layers"] * options["directions"], options["input_size"]
        _expect(begin[read] == whole, f"{op.name} does not fit {read}, which is {begin[read]}")
        _expect(end[output] == (options["rows"], options["output_size"]), f"{op.name} does not fit {output}")
        self.work += options["rows"] * options["output_size"] * options["input_size"] * options["directions"]

    def bounded(self, weights: int) -> None:
        """What a step makes and does is in proportion to the file."""
        for what, has, (each, free) in (("numbers", self.numbers, NUMBERS), ("products", self.work, WORK)):
            most = free + each * weights
            _expect(
                has <= most, f"a step takes {has:,} {what}, and {most:,} are the most for {weights:,} weights"
            )


class _Chain:
    """A program while it is walked: the value that the next operation reads, and what is known of those before."""

    def __init__(self, name: str, x: Input) -> None:
        self.name, self.width, self.kind = name, x.size, x.kind
        self.made = {name, "x", "source"}
        self.states: dict[str, Shape] = {}
        self.stages = 0
        self.beside: list[tuple[Operation, str]] = []  # what the head alone reads, and what that reads
        self.pooled = self.whole = self.decodes = self.looks = self.placed = False
        self.seen = name, x.size  # what attention would look at
        self.grid = "", 0  # the places that a step became

    def take(self, op: Operation, row: Op, options: Options, width: int, states: Mapping[str, Shape]) -> None:
        """One operation more."""
        (output,) = op.outputs
        _expect(output not in self.made, f"{op.name} makes {output!r:.80}, which is there already")
        self.made.add(output)
        self.states |= states
        self.whole = self.whole or row.reads_from_the_end(options)
        self.decodes, self.looks = self.decodes or row.decodes, self.looks or row.looks
        if row.beside:
            self.beside.append((op, self.name))
            return
        if row.places is not None:
            before = not (self.placed or self.pooled or self.states) and self.kind == "vectors"
            _expect(before, f"{op.name} makes places of a step, but stands behind what reads steps")
            self.placed, self.stages = True, 0  # what comes before it runs by itself
            self.grid = output, width
        self.name, self.width = output, width
        self.kind = self.kind if row.passes else "vectors"
        self.stages += row.stage
        self.pooled = self.pooled or row.pools
        if row.pools:  # what is looked at then is what the pool's layers read
            self.seen = self.grid
        elif not self.pooled:
            self.seen = output, width


def _check_options(op: Operation, row: Op) -> None:
    typed(op.options, _options(row.name), f"the plan: {op.name}")
    cell = op.options.get("cell")
    _expect(cell is None or cell in CELLS, f"the cell {cell!r:.80} of {op.name} is not known")


def _states_of(op: Operation, row: Op) -> dict[str, Shape]:
    """The shapes of its states, by the names that they have in the plan."""
    _check_options(op, row)
    return {
        f"{op.name}.{name}": (rows, width)
        for name, (rows, width) in _ask(op.name, row.states, op.options).items()
    }


def _fits(name: str, shape: tuple[int, ...], tensors: Mapping[str, Array]) -> None:
    tensor = tensors.get(name)
    if tensor is None:
        raise _unsound(f"the tensor {name!r} that the plan names is missing")
    if tensor.shape != shape:
        raise _unsound(f"the tensor {name!r} has the shape {tensor.shape}, the plan says {shape}")
    if tensor.dtype.kind != "f":
        raise _unsound(f"the tensor {name!r} is {tensor.dtype}, but weights are floats")
    if tensor.dtype.itemsize > 4 and tensor.size:
        largest = np.abs(tensor).max()
        _expect(bool(largest <= np.finfo(np.float32).max), f"the tensor {name!r} has numbers beyond float32")


@cache
def _options(op: str) -> type[msgspec.Struct]:
    """The options of a row of `OPS` as a structure."""
    row = OPS[op]
    return _structure(op, row.options, row.optional)


@cache
def _head_options(kind: str) -> type[msgspec.Struct]:
    return _structure(kind, HEADS[kind].options, HEADS[kind].optional)


def _structure(name: str, options: Mapping[str, object], optional: frozenset[str]) -> type[msgspec.Struct]:
    needed = [(option, cast("type", kind)) for option, kind in options.items() if option not in optional]
    others = [
        (option, cast("type", cast("type", kind) | UnsetType), UNSET)
        for option, kind in options.items()
        if option in optional
    ]
    return msgspec.defstruct(name, [*needed, *others], frozen=True, forbid_unknown_fields=True)


def _ask(
    name: str, ask: Callable[Arguments, Return], *args: Arguments.args, **options: Arguments.kwargs
) -> Return:
    """What a row answers; what it refuses becomes an error about the operation `name`."""
    try:
        return ask(*args, **options)
    except UsageError as error:
        raise _unsound(f"{name} {error}".rstrip(".")) from error


def _unsound(message: str) -> BundleError:
    return BundleError(f"the plan is not sound: {message}.")


def _expect(holds: bool, message: str) -> None:
    if not holds:
        raise _unsound(message)
