"""Bundles from a stranger: changed in what they say and what they hold, their digest made right again, and used."""

import json
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any, cast

import numpy as np
import use
from mutate import NUMBERS, Pool, array, copied, data, document, text
from seeds import Seed, corpus

import hitherto
from hitherto import plan as plans
from hitherto.bundle import fingerprint
from hitherto.errors import UsageError
from hitherto.heads import HEADS
from hitherto.runtime.stages import WEIGHTS
from hitherto.spec import choices, options
from hitherto.tensors import CODES, row

__all__ = ["Bundles", "assembled", "packed"]

Array = np.ndarray[Any, Any]
Documents = dict[str, Any]
Tensors = dict[str, Array]

PARTS = ("plan", "spec", "codecs", "metrics", "made", "tied")
_MOST = 1 << 16  # numbers of a tensor that is made to fit a changed plan
_NOISE = np.random.default_rng(0).normal(0, 0.4, _MOST).astype(np.float32)


class _Documents(dict[str, Any]):
    """The documents of a bundle, each read when it is asked for; those that were are written anew."""

    def __init__(self, seed: Seed) -> None:
        super().__init__()
        self.seed = seed

    def __missing__(self, part: str) -> Any:
        self[part] = found = json.loads(self.seed.metadata[part])
        return found


class Bundles:
    """Mutated bundles: opened, and where they open, asked all that their task has."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "case.safetensors"
        self.seeds = list(corpus())
        self.rows: dict[tuple[str, str], Any] = {}
        self.pool = Pool()
        for seed in self.seeds:
            for part in PARTS:
                self.pool.add(json.loads(seed.metadata[part]), part)
        for option in options():
            self.pool.at.setdefault(option.name, []).extend([*choices(option), option.default])
        self.operations = [
            op for op in self.pool.dicts if {"op", "inputs", "outputs", "options"} <= op.keys()
        ]
        self.tensors = [array for seed in self.seeds for array in seed.tensors.values()]

        for seed in self.seeds:  # what they import is there before a process forks
            file = assembled(seed.metadata, self._rows(seed, seed.tensors), _Documents(seed))
            self.path.unlink(missing_ok=True)
            self.path.write_bytes(file)
            with suppress(Exception):  # a finding too, and made as a case
                use.model(hitherto.open(self.path), seed, Random(0), 99)

    def make(self, random: Random) -> tuple[Seed, str, bytes]:
        """A seed, how its weights are held, and the file that is made of it."""
        seed = random.choice(self.seeds)
        weights = random.choice(WEIGHTS)
        documents, tensors = _Documents(seed), dict(seed.tensors)
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            with suppress(Exception):  # what was changed before need not be a plan any more
                self._changed(random, documents, tensors)
        return seed, weights, self._file(random, seed, documents, tensors)

    def run(self, case: tuple[Seed, str, bytes], random: Random) -> int:
        """Open the file and use the model; how many of its answers were none."""
        seed, weights, file = case
        self.path.unlink(missing_ok=True)  # the last one's may still be mapped
        self.path.write_bytes(file)
        return use.model(hitherto.open(self.path, weights=weights), seed, random)

    def save(self, case: tuple[Seed, str, bytes], folder: Path) -> None:
        seed, weights, file = case
        (folder / "case.safetensors").write_bytes(file)
        (folder / "how.txt").write_text(f"from the seed {seed.name!r}, opened with weights={weights!r}\n")

    # ---- what is changed

    def _changed(self, random: Random, documents: Documents, tensors: Tensors) -> None:
        way = random.random()
        if way < 0.5:
            self._plan(random, documents, tensors)
        elif way < 0.64:
            document(random, documents["spec"], self.pool)
        elif way < 0.8:
            self._codecs(random, documents, tensors)
        elif way < 0.95:
            self._tensors(random, tensors)
        else:
            part = random.choice(PARTS)
            if random.random() < 0.1:
                documents[part] = json.loads(random.choice(self.seeds).metadata[part])
            document(random, documents[part], self.pool)

    def _plan(self, random: Random, documents: Documents, tensors: Tensors) -> None:
        plan = documents["plan"]
        way = random.random()
        if way < 0.3:
            document(random, plan, self.pool)
        elif way < 0.36:
            plan["inputs"] = self._inputs(random, plan["inputs"])
        elif way < 0.42:
            head = random.choice(self.pool.at["head"])
            plan["head"] = copied(head) if isinstance(head, dict) else head
        else:
            program = random.choice([p for p in plans.PROGRAMS if isinstance(plan.get(p), list)] or ["step"])
            _rewired(random, plan, program, self)
        if random.random() < 0.55:
            _mended(plan)
        if random.random() < 0.75:
            _fitted(random, plan, documents["tied"], tensors)

    def _inputs(self, random: Random, given: Any) -> Any:
        given = copied(random.choice(self.pool.at["inputs"])) if random.random() < 0.3 else given
        if isinstance(given, dict) and given:
            one = given[random.choice(list(given))]
            if isinstance(one, dict):
                if random.random() < 0.5:
                    one["kind"] = random.choice(("ids", "vectors"))
                else:
                    one["size"] = random.choice((*NUMBERS, *range(1, 40)))
        return given

    def _codecs(self, random: Random, documents: Documents, tensors: Tensors) -> None:
        lists = [name for name in tensors if name.startswith("codec.")]
        way = random.random()
        if way < 0.6 or not lists:
            document(random, documents["codecs"], self.pool)
        elif way < 0.75:
            documents["codecs"] = copied(random.choice(self.pool.at["codecs"]))
            other = random.choice(self.seeds).tensors
            tensors |= {name: value for name, value in other.items() if name.startswith("codec.")}
        else:
            name = random.choice(lists)
            tensors[name] = array(random, tensors[name])

    def _tensors(self, random: Random, tensors: Tensors) -> None:
        name = random.choice(list(tensors))
        way = random.random()
        if way < 0.75:
            tensors[name] = array(random, tensors[name])
        elif way < 0.8:
            del tensors[name]
        elif way < 0.85:
            tensors[text(random, name)] = tensors.pop(name)
        elif way < 0.93:
            other = random.choice(list(tensors))
            tensors[name], tensors[other] = tensors[other], tensors[name]
        else:
            tensors[name] = random.choice(self.tensors)

    # ---- the file

    def _file(self, random: Random, seed: Seed, documents: Documents, tensors: Tensors) -> bytes:
        metadata, way = dict(seed.metadata), random.random()
        for part, value in documents.items():
            metadata[part] = json.dumps(value)
        if way > 0.99:
            part = random.choice(list(metadata))
            metadata[part] = text(random, metadata[part])
        file = assembled(metadata, self._rows(seed, tensors), documents)
        if way < 0.93:
            return file
        if way < 0.95:
            return data(random, file)
        length = int.from_bytes(file[:8], "little")
        if way < 0.955:
            other = random.choice((0, 1, 2, length - 1, length + 1, 2 * length, 2**31, 2**63, 2**64 - 1))
            return other.to_bytes(8, "little") + file[8:]
        if way < 0.96:
            return data(random, file[: 8 + length]) + file[8 + length :]
        entries = json.loads(file[8 : 8 + length])
        document(random, entries, self.pool)
        return packed(entries, file[8 + length :])

    def _rows(self, seed: Seed, tensors: Tensors) -> dict[str, tuple[Array, Any]]:
        """Each tensor with what a digest knows of it; None of one that no file can hold."""
        found: dict[str, tuple[Array, Any]] = {}
        for name, value in tensors.items():
            own = (seed.name, name) if seed.tensors.get(name) is value else None
            if own not in self.rows or own is None:
                try:
                    said = row(name, value)
                except UsageError:
                    said = None
                if own is not None:
                    self.rows[own] = said
            else:
                said = self.rows[own]
            found[name] = value, said
        return found


def packed(entries: Any, body: bytes) -> bytes:
    """A safetensors file of this header and this body."""
    head = json.dumps(entries).encode()
    head += b" " * (-len(head) % 8)
    return len(head).to_bytes(8, "little") + head + body


def assembled(metadata: dict[str, str], tensors: dict[str, tuple[Array, Any]], documents: Documents) -> bytes:
    """The bytes of the bundle of these documents and tensors, each with its row, under the digest that they have."""
    rows = {name: found for name, (_, found) in tensors.items() if found is not None}
    with suppress(Exception):  # of what has none, as a NaN in a plan
        shared = [(alias, *rows[name][1:]) for alias, name in documents["tied"].items()]
        covered = {part: documents[part] for part in ("plan", "codecs")}
        metadata = {**metadata, "digest": fingerprint(covered, [*rows.values(), *shared])}
    entries: dict[str, Any] = {"__metadata__": metadata}
    begin, bodies = 0, []
    for name, (value, _) in sorted(tensors.items(), key=lambda pair: -pair[1][0].itemsize):
        end = begin + value.nbytes
        entries[name] = {
            "dtype": CODES.get(value.dtype, "F32"),
            "shape": value.shape,
            "data_offsets": [begin, end],
        }
        bodies.append(value.tobytes())
        begin = end
    return packed(entries, b"".join(bodies))


# ---------------------------------------------------------------------------------------------- operations of plans


def _rewired(random: Random, plan: Documents, program: str, bundles: Bundles) -> None:
    """Operations of a program moved, doubled, taken away, brought from elsewhere, joined otherwise, tied."""
    ops = plan.get(program)
    if not isinstance(ops, list) or not ops or not all(isinstance(op, dict) and "inputs" in op for op in ops):
        document(random, plan, bundles.pool)
        return
    at, way = random.randrange(len(ops)), random.randrange(10)
    op = ops[at]
    if way == 0:
        ops.insert(random.randrange(len(ops)), ops.pop(at))
    elif way == 1:
        del ops[at]
    elif way in (2, 3, 4):
        found = copied(random.choice(bundles.operations) if way > 2 else op)
        if random.random() < 0.8:
            found["name"] = random.choice(
                (f"{found['name']}_2", "other", "a.b", *(o["name"] for o in ops if "name" in o))
            )
        _spliced(random, ops, random.randrange(len(ops) + 1), found)
    elif way == 5:
        names = [name for o in ops for name in o["inputs"]] + [
            name for o in ops for name in o.get("outputs", [])
        ]
        names += ["memory", "x", "source", *plan.get("inputs", {})]
        side = random.choice(("inputs", "outputs"))
        op[side] = [random.choice(names) for _ in range(random.choice((0, 1, 1, 1, 2, 3)))]
    elif way == 6:
        weights = [
            f"{o.get('name')}.{w}" for o in ops for w in ("weight", "bias", "weight_ih_l0", "weight_hh_l0")
        ]
        op["weights"] = {
            random.choice(("weight", "bias", "weight_hh_l0", "weight_ih_l0")): random.choice(weights)
        }
    elif way == 7:
        own = op.get("options")
        if isinstance(own, dict) and own:
            name = random.choice(list(own))
            there = bundles.pool.at.get(name, [0])
            own[name] = (
                random.choice(there) if random.random() < 0.6 else random.choice((*NUMBERS, *range(6)))
            )
    elif way == 8:
        other = random.choice(plans.PROGRAMS)
        plan[program], plan[other] = plan.get(other, []), plan[program]
    else:
        op["op"] = random.choice(list(plans.OPS))
        own = op.setdefault("options", {})
        if isinstance(own, dict):
            for name in plans.OPS[op["op"]].options:
                own.setdefault(name, random.choice(bundles.pool.at.get(name, [1])))
            for name in [n for n in own if n not in plans.OPS[op["op"]].options]:
                del own[name]


def _spliced(random: Random, ops: list[Any], at: int, op: Any) -> None:
    """Put an operation into the chain, so that what follows reads what it gives."""
    given = (ops[at - 1].get("outputs") or ["x"])[0] if at else (ops[0].get("inputs") or ["x"])[0]
    op["inputs"] = [given, *op["inputs"][1:]]
    if random.random() < 0.8:
        op["outputs"] = [f"{op['outputs'][0]}_2" if op["outputs"] else "out_2"]
    for later in ops[at:]:
        if later.get("inputs") and later["inputs"][0] == given and op["outputs"]:
            later["inputs"][0] = op["outputs"][0]
            break
    ops.insert(at, op)


_READS = {
    "embed": "size",
    "pool": "size",
    "recurrent": "input_size",
    "linear": "input_size",
    "attend": "input_size",
}
_READS |= {"window": "input_size", "copy": "input_size"}


def _mended(plan: Documents) -> None:
    """Make widths fit one another again where that is easy, so that what is behind those checks is reached."""
    with suppress(Exception):  # what cannot be mended stays as it is
        widths = {name: given["size"] for name, given in plan["inputs"].items()}
        for program in ("encode", "step"):
            for op in plan.get(program) or []:
                _mend(op, widths, plan)
        ends = {program: plans.states_of(plan[program]) for program in ("encode", "step") if program in plan}
        for op in plan.get("bridge") or []:
            own, (given, size) = op["options"], ends["encode"][op["inputs"][0]]
            own["directions"] = 2 if given % 2 == 0 and own["directions"] == 2 else 1
            own["layers"], own["input_size"] = given // own["directions"], size
            own["rows"], own["output_size"] = ends["step"][op["outputs"][0]]
        head = plan["head"]
        last = plan["step"][-1]
        head["name"] = last["name"]
        if head["kind"] in ("softmax", "pointer", "ctc"):
            head["options"] = {"classes": last["options"]["output_size"]}
        else:
            last["options"]["output_size"] = HEADS[head["kind"]].size(**head["options"])


def _mend(op: Documents, widths: dict[str, int], plan: Documents) -> None:
    own, width = op["options"], widths.get(op["inputs"][0], 4)
    if op["op"] in _READS:
        own[_READS[op["op"]]] = width
    if "memory_size" in own:
        own["memory_size"] = widths.get("memory", own["memory_size"])
    if own.get("kind") == "multiplicative":
        own["size"] = width
    if "query_size" in own and own["query"]:
        own["query_size"] = plans.states_of(plan["step"])[own["query"]][1]
    sides = ("height", "width", "channels")
    if sides[0] in own and np.prod([own[side] for side in sides], dtype=object) != width:
        own |= dict(zip(sides, (1, 1, width), strict=True))
    made = plans.OPS[op["op"]].width(own, width)
    for name in op["outputs"]:
        widths[name] = made


def _fitted(random: Random, plan: Documents, tied: Documents, tensors: Tensors) -> None:
    """Give the plan tensors of the shapes that it says, where they are not huge."""
    counted = [
        op["options"].get(n, 0)
        for op in plans.operations(cast("plans.Plan", plan))
        for n in ("num_layers", "rows")
    ]
    if not all(isinstance(n, int) and n < 1000 for n in counted):
        return  # the plan is refused for it
    shapes = plans.weights(cast("plans.Plan", plan))
    for name, shape in shapes.items():
        there = tensors.get(tied.get(name, name) if isinstance(tied, dict) else name)
        if there is not None and there.shape == shape:
            continue
        size = 1
        for side in shape:
            size *= max(0, side) if isinstance(side, int) else 1 << 40
        if size <= _MOST and isinstance(name, str):
            tensors[name] = _NOISE[:size].reshape(shape)
            if isinstance(tied, dict):
                tied.pop(name, None)
    if random.random() < 0.5:  # and none that it does not name
        for name in [n for n in tensors if n not in shapes and not n.startswith("codec.")]:
            if not isinstance(tied, dict) or name not in tied.values():
                del tensors[name]
