"""What models of most families do: their outputs are measured, or are answers."""

import inspect
from collections.abc import Callable, Iterator

from hitherto.tasks.base import AnySource, Examples, Results, Row
from hitherto.tasks.given import expect
from hitherto.tasks.opened import OpenModel

__all__ = ["measure", "no_advice", "no_baselines", "parameters", "predict"]


def measure(model: OpenModel, examples: Examples, **options: object) -> Results:
    """The metrics of these examples; `options` are those of decoding, where the source decodes."""
    source: AnySource = model.source
    if not source.decodes:
        expect(options, (), f"an evaluation of {model.spec.task}")
    results: Callable[..., Results] = source.measure
    return results(examples, model.outputs(source.evaluation(examples)), **options)


def predict(model: OpenModel, source: AnySource, examples: Examples, **options: object) -> list[Row]:
    """An answer for each of these examples, which `source` read."""
    if not source.decodes:
        known = parameters(source.predictions) - {"examples", "outputs"}
        expect(options, known, f"predictions of {model.spec.task}")
    return source.predictions(examples, model.outputs(source.evaluation(examples)), **options)


def no_baselines(
    source: AnySource,  # noqa: ARG001
    training: Examples | None,  # noqa: ARG001
    held: Examples,  # noqa: ARG001
    say: Callable[[str], None],  # noqa: ARG001
) -> Iterator[tuple[str, Results]]:
    """No simple way to answer is known."""
    return iter(())


def no_advice(source: AnySource) -> str:  # noqa: ARG001
    return "more --epochs, or another --hidden-size"


def parameters(function: Callable[..., object]) -> set[str]:
    """The names of a function's parameters."""
    return set(inspect.signature(function).parameters)
