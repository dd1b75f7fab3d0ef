"""Keys of those who may use a server: a file holds their names and hashes, never the keys."""

import hashlib
import hmac
import re
import secrets
from pathlib import Path

from hitherto.errors import DataError

__all__ = ["Keys", "new_key"]

_LINE = re.compile(r"(?P<name>[A-Za-z0-9_.-]{1,64})\s+sha256:(?P<hash>[0-9a-f]{64})")


def new_key(name: str) -> tuple[str, str]:
    """A new key, and the line of a file of keys that lets it in."""
    key = f"ht_{secrets.token_urlsafe(32)}"
    return key, f"{name} sha256:{hashlib.sha256(key.encode()).hexdigest()}"


class Keys:
    """Names by the hashes of their keys. The keys are random, so that one round of SHA-256 is enough."""

    def __init__(self, path: Path) -> None:
        self._hashes: list[tuple[str, bytes]] = []
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError as error:
            raise DataError("a file of keys is text in UTF-8", path=path) from error
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            found = _LINE.fullmatch(line.strip())
            if found is None:
                raise DataError(
                    "expected NAME sha256:HASH, as `hitherto serve --new-key NAME` prints",
                    path=path,
                    line=number,
                )
            self._hashes.append((found["name"], bytes.fromhex(found["hash"])))
        if not self._hashes:
            raise DataError("there is no key in it: hitherto serve --new-key NAME makes one", path=path)

    def owner(self, key: str) -> str | None:
        """The name of who has this key. It takes as long for a wrong key as for a right one."""
        asked, owner = hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest(), None
        for name, known in self._hashes:
            if hmac.compare_digest(asked, known):
                owner = name
        return owner
