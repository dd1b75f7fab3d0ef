"""What a document may hold: types with their bounds, for plans and codecs alike, and the check by them."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import msgspec
import numpy as np
from msgspec import Meta

from hitherto.errors import BundleError, UsageError

__all__ = [
    "WIDEST",
    "Count",
    "Layers",
    "Positive",
    "Rate",
    "Real",
    "Side",
    "Size",
    "Whole",
    "check_count",
    "fields_of",
    "typed",
]

WIDEST = (1 << 24) - 1  # the most numbers of one step: beyond it sizes could overflow
LARGE = (1 << 31) - 1

Size = Annotated[int, Meta(ge=1, le=WIDEST)]
Side = Annotated[int, Meta(ge=1, le=(1 << 16) - 1)]  # of a picture, in pixels
Layers = Annotated[int, Meta(ge=1, le=1024)]
Count = Annotated[int, Meta(ge=1, le=LARGE)]
Whole = Annotated[int, Meta(ge=0, le=LARGE)]
Rate = Annotated[float, Meta(ge=0, lt=1)]
Real = Annotated[float, Meta(ge=-1e100, le=1e100)]
Positive = Annotated[float, Meta(ge=1e-100, le=1e100)]


Typed = TypeVar("Typed")


def fields_of(document: Mapping[str, object], kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The fields of a document, of the types that `kind` says: what a constructor takes as its keywords."""
    return msgspec.structs.asdict(typed(document, kind, "the document"))


def typed(value: object, kind: type[Typed], what: str) -> Typed:
    """`value` as a `kind`, every type and bound of it checked; a BundleError names the place of what is wrong."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        text, _, where = str(error).partition(" - at `$")
        place = f" at {where.rstrip('`').lstrip('.')}" if where else ""
        raise BundleError(f"{what} is not sound{place}: {text[0].lower()}{text[1:]}.") from error


def check_count(name: str, value: object) -> None:
    """An option that is None or counts from 1; larger ones than any picture has are a mistake or worse."""
    if value is not None and (
        not isinstance(value, int | np.integer) or isinstance(value, bool) or not 1 <= value < 1 << 31
    ):
        raise UsageError(f"{name} must be a whole number of 1 at least, but came as {value!r:.40}.")
