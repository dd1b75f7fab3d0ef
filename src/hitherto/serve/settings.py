"""The settings of a server: the same names on the command line, in a TOML file and in Python."""

import ipaddress
import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from hitherto.errors import UsageError

__all__ = ["Settings", "read", "settled"]

Count = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How to serve."""

    models: list[str] = []
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8000
    workers: Annotated[int, Meta(ge=1, le=256)] = 1
    store: str = "sqlite://sessions.db"
    durable: bool = False
    ack: Literal["each", "interval", "close"] = "each"
    interval: Seconds = 1.0
    park: Seconds = 600.0
    idle: Seconds = 7 * 86400.0
    weights: Literal["float32", "bfloat16", "int8"] = "float32"
    keys: str | None = None
    insecure: bool = False
    tls_cert: str | None = None
    tls_key: str | None = None
    allow_host: list[str] = []
    allow_origin: list[str] = []
    max_body: Count = 16 << 20
    max_message: Count = 1 << 20
    max_sessions: Count = 1_000_000
    max_sockets: Count = 20_000
    cached: Count = 10_000
    queue: Count = 10_000
    max_time: Seconds = 60.0
    log: Literal["lines", "json", "none"] = "lines"

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def check(self) -> None:
        """A UsageError where the settings do not go together."""
        if not self.models:
            raise UsageError("there is no model to serve: give a bundle, hitherto serve MODEL.safetensors")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise UsageError("TLS needs both --tls-cert and --tls-key.")
        if not self.loopback and not self.insecure and (self.keys is None or self.tls_cert is None):
            missing = " and ".join(
                name
                for name, there in (("--keys", self.keys), ("--tls-cert", self.tls_cert))
                if there is None
            )
            raise UsageError(
                f"{self.host} can be reached from other machines, so {missing} must be given. Behind a proxy that has "
                "keys and TLS of its own, say --insecure."
            )
        if self.workers > 1 and self.store.partition("://")[0] == "memory":
            raise UsageError(
                "several workers need a store that all of them see: --store sqlite://FILE or redis://HOST:PORT."
            )


def read(path: str | Path) -> dict[str, object]:
    """The settings of a TOML file."""
    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} cannot be read as TOML: {error}") from error
    return {name.replace("-", "_"): value for name, value in values.items()}


def settled(values: dict[str, object], where: str = "the settings") -> Settings:
    """Checked settings from plain values."""
    try:
        settings = msgspec.convert(values, Settings)
    except msgspec.ValidationError as error:
        raise UsageError(f"{where}: {error}") from error
    settings.check()
    return settings
