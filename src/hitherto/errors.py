"""What can go wrong, as one tree.

    Exception
    └── HithertoError               every error that this package raises on purpose
        ├── UsageError              an argument or option that cannot be served; also a ValueError     exit 2
        └── MissingExtra            an optional dependency is not installed; also an ImportError       exit 2

A message says what was expected, what came, and what to do. `exit_code` is the status with which the command
line ends on that error.
"""

from typing import ClassVar


class HithertoError(Exception):
    """The root: catch this to catch everything that this package raises on purpose."""

    exit_code: ClassVar[int] = 1


class UsageError(HithertoError, ValueError):
    """An argument or option that cannot be served as given."""

    exit_code = 2


class MissingExtra(HithertoError, ImportError):
    """`what` needs `package`, which comes with the extra `extra` and is not installed."""

    exit_code = 2

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(
            f"{what} needs {package}, which is not installed. "
            f"Install it with: pip install 'hitherto[{extra}]'",
            name=package,
        )
        self.extra = extra
