"""The models that are served, by name: opened at the start, and again when a bundle is replaced."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from hitherto import trained
from hitherto.errors import HithertoError, UsageError
from hitherto.plan import streams
from hitherto.serve.refusals import Gone, Refused
from hitherto.serve.sessions import Served
from hitherto.tasks.streams import Stream

__all__ = ["Models", "named"]

REPLACED = 4  # older bundles of a name that stay open, for the sessions that began with them


def named(bundles: Iterable[str]) -> dict[str, Path]:
    """Bundles by the names that they are served by: `NAME=FILE`, or a file, whose name without its ending it is."""
    paths: dict[str, Path] = {}
    for bundle in bundles:
        name, equals, file = bundle.partition("=")
        path = Path(file if equals else bundle)
        name = name if equals else path.stem
        if not name or "/" in name or not name.isprintable():
            raise UsageError(f"{name!r:.60} is no name for a model: give NAME=FILE.")
        if name in paths:
            raise UsageError(f"two models are named {name!r}: give one of them another name, NAME={path}.")
        paths[name] = path
    return paths


class Models:
    """Opened bundles. A session goes on with the bundle that it began with, also after another took its place."""

    def __init__(
        self, paths: dict[str, Path], *, weights: str = "float32", say: Callable[[str], None] = lambda _: None
    ) -> None:
        self.paths, self.weights, self.say = dict(paths), weights, say
        self._opened: dict[str, list[trained.Model]] = {}  # the newest first
        self._stamps: dict[str, tuple[int, int, int]] = {}
        for name, path in paths.items():
            self.add(name, path)

    def __iter__(self) -> Iterator[str]:
        return iter(self._opened)

    def add(self, name: str, path: Path) -> None:
        """Serve one more bundle, or another one under a name that is known."""
        stamp, model = _stamp(path), _open(path, self.weights)
        self.paths[name], self._stamps[name] = path, stamp
        self._opened[name] = [model, *self._opened.get(name, [])][: 1 + REPLACED]

    def newest(self, name: str) -> trained.Model:
        """The model that this name has now."""
        if name not in self._opened:
            raise Gone(f"there is no model {name!r:.60} here; GET /v1/models lists them")
        return self._opened[name][0]

    def served(self, name: str, digest: str = "") -> Served:
        """A model for sessions: the newest one, or the one with this digest."""
        model = self.newest(name)
        if digest:
            same = [one for one in self._opened[name] if one.digest == digest]
            if not same:
                raise Gone(
                    f"the session began with another bundle of {name!r:.60}, which is no longer served"
                )
            model = same[0]
        if why := streams(model.plan):
            raise Refused(why)
        return Served(name, model.digest, lambda: _stream(model))

    def reload(self) -> list[str]:
        """Open the bundles that were replaced since; gives their names. One that cannot be read changes nothing."""
        changed = []
        for name, path in self.paths.items():
            try:
                stamp = _stamp(path)
                if stamp == self._stamps[name]:
                    continue
                self._stamps[name] = stamp
                model = _open(path, self.weights)
            except (HithertoError, OSError) as error:
                self.say(f"{name}: the new bundle is not served: {error}")
                continue
            kept = [one for one in self._opened[name] if one.digest != model.digest]
            self._opened[name] = [model, *kept][: 1 + REPLACED]
            changed.append(name)
        return changed


def _open(path: Path, weights: str) -> trained.Model:
    """Without a map of the file, which somebody may write over while it is served."""
    return trained.open(path, weights=weights, mmap=False)


def _stream(model: trained.Model) -> Stream:
    return model.stream()


def _stamp(path: Path) -> tuple[int, int, int]:
    """What changes when a file is replaced."""
    about = path.stat()
    return about.st_mtime_ns, about.st_size, about.st_ino
