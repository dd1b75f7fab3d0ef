"""Files written whole or not at all, and who may write at a time.

`replacing` and `write` put any file in the place of another once it is on the disk; `place` says before a long work
whether that can be. `held` is a lock that ends with its process.
"""

import datetime as dt
import errno
import json
import os
import platform
import re
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from hitherto.errors import HithertoError, UsageError

__all__ = ["BLANKS", "held", "replacing", "why_of"]

BLANKS = b" \t\r\n"  # some writers fill up the page before a header


# ------------------------------------------------------------------------------------------------------ paths


def path_of(path: str | os.PathLike[str], what: str = "the path") -> Path:
    """The path as a Path; UsageError where no file of the system can have that name."""
    try:
        text = os.fspath(path)
    except TypeError as error:
        raise UsageError(f"{what} must be a path, but came as {type(path).__name__} {path!r:.60}.") from error
    if not isinstance(text, str) or "\0" in text:
        raise UsageError(f"{what} must be text without a null character, but came as {path!r:.80}.")
    try:
        os.fsencode(text)
    except UnicodeEncodeError as error:
        raise UsageError(f"{what} {text!r:.80} cannot be the name of a file here: {error.reason}.") from error
    return Path(text)


def place(where: str | os.PathLike[str], what: str) -> Path:
    """A path that can be written to, as far as that shows beforehand; UsageError where it cannot."""
    path = path_of(where, what)
    try:
        mode = path.stat().st_mode if path.exists() else None
        if mode is not None and not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
            return path  # a pipe or a device
        if mode is not None and stat.S_ISDIR(mode):
            raise UsageError(f"{what} {path} is a folder: name a file in it.")
        folder = Path(os.path.realpath(path)).parent
        if not folder.is_dir():
            raise UsageError(f"{what} {path}: there is no folder {folder}.")
    except OSError as error:
        raise UsageError(f"{what} {path} cannot be written: {why_of(error)}.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"{what} {path}: the folder {folder} may not be written to.")
    return path


def make_folder(folder: Path) -> list[Path]:
    """Make `folder` and those above it where they are missing, on the disk too; gives those made, the last first."""
    if folder.is_dir():
        return []
    made = make_folder(folder.parent) if folder != folder.parent else []
    with suppress(FileExistsError):
        folder.mkdir()
        made.insert(0, folder)
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    sync_folder(folder.parent)
    return made


def why_of(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


# ------------------------------------------------------------------------------------------- writing any file


def write(path: str | os.PathLike[str], data: bytes | str, error: type[HithertoError] = UsageError) -> None:
    """Put `data` in the place of what stands at `path`, whole or not at all; text as UTF-8."""
    data = data.encode(errors="backslashreplace") if isinstance(data, str) else data
    with replacing(path, size=len(data), error=error) as file:
        file.write(data)


@contextmanager
def replacing(
    path: str | os.PathLike[str],
    *,
    size: int | None = None,
    check: Callable[[Path], None] | None = None,
    error: type[HithertoError] = UsageError,
) -> Iterator[BinaryIO]:
    """A file to write that takes the place of `path` once it is on the disk, or leaves no trace.

    `check` gets the path of the finished file before it takes its place, and may raise to keep it from that. What the
    system refuses is an `error`, which says how many bytes, `size`, were to come. What killed saves of the same file
    left is cleaned up. A pipe or a device is written to as it is: there is nothing to keep.
    """
    try:
        target = Path(os.path.realpath(path_of(path)))  # through a link, so that the link stays one
        mode = _mode(target)
        special = mode is not None and not stat.S_ISREG(mode)
        temporary, file = (target, target.open("wb")) if special else _aside(target)
    except OSError as failure:
        raise error(_cannot_write(path, size, failure)) from failure
    try:
        with file:
            if mode is not None and not special:
                temporary.chmod(stat.S_IMODE(mode))
            yield file
            file.flush()
            if special:
                return
            os.fsync(file.fileno())
            if (
                os.name == "nt"
            ):  # which renames no open file; elsewhere it stays locked until it is in its place
                file.close()
            if check is not None:
                check(temporary)
            temporary.replace(target)
    except BaseException as failure:
        if not special:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        if isinstance(failure, OSError):
            remark = "" if mode is None or special else " What was there before is untouched."
            raise error(_cannot_write(path, size, failure, remark)) from failure
        raise
    try:
        sync_folder(target.parent)
    except OSError as failure:
        raise error(f"{path} was written, but may not be on the disk yet: {why_of(failure)}.") from failure


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


def _aside(target: Path) -> tuple[Path, BinaryIO]:
    """A new file beside `target`, locked for as long as it is open, so that it is no leftover meanwhile."""
    sweep(target.parent, re.escape(target.name))
    while True:
        temporary = target.with_name(f".{target.name}.{os.urandom(4).hex()}.part")
        file: BinaryIO | None = None
        try:
            file = temporary.open("xb")
            if _lock(file.fileno()) is not False and os.fstat(file.fileno()).st_nlink:
                return temporary, file
        except FileExistsError:
            raise
        except BaseException:  # it may be there all the same
            with suppress(OSError):
                if file is not None:
                    file.close()
            with suppress(OSError):
                temporary.unlink()
            raise
        file.close()  # another's sweep came between the two lines, and has deleted it


def sweep(folder: Path, name: str) -> None:
    """Delete what killed saves left in `folder` of files with a `name`, a regular expression; no save under way."""
    if sys.platform == "win32":  # has no such lock to tell them by
        return
    leftover = re.compile(rf"\.(?:{name})\.[0-9a-f]{{8}}\.part", re.ASCII)
    with suppress(OSError):
        for part in [path for path in folder.iterdir() if leftover.fullmatch(path.name)]:
            with suppress(OSError):
                descriptor = os.open(part, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW)
                try:
                    if stat.S_ISREG(os.fstat(descriptor).st_mode) and _lock(descriptor):
                        part.unlink()
                finally:
                    os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Bring the names in `folder` to the disk, which syncing a file does not."""
    if os.name == "nt":  # has no such call and needs none
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network disks cannot, and say so
            raise
    finally:
        os.close(handle)


def _cannot_write(path: str | os.PathLike[str], size: int | None, error: OSError, remark: str = "") -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        import shutil

        known = [] if size is None else [f"{size:,} bytes are needed"]
        with suppress(OSError):
            known.append(f"{shutil.disk_usage(Path(path).parent).free:,} are free")
        limits = f" ({', '.join(known)})" if known else ""
        return (
            f"{path} was not written: the disk is full or the file over a limit{limits}.{remark} "
            "Make room, or save elsewhere."
        )
    return f"{path} was not written: {why_of(error)}.{remark} Check the folder, or save elsewhere."


# ------------------------------------------------------------------------------------------------------ locks


@contextmanager
def held(path: Path, what: str) -> Iterator[None]:
    """Hold the lock file `path`; UsageError says who holds it. The system lets go of it when its process ends.

    Where the disk knows no locks, nobody is held off.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {why_of(error)}.") from error
    try:
        if _lock(descriptor) is False:
            raise UsageError(f"{what} is in use by {_holder(descriptor)}. Wait until that ends, or end it.")
        since = dt.datetime.now(dt.UTC).isoformat(" ", "seconds")
        with suppress(OSError):  # it is held all the same
            os.ftruncate(descriptor, 0)
            os.write(descriptor, json.dumps([os.getpid(), platform.node(), since]).encode())
        yield
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> str:
    try:
        pid, host, since = json.loads(os.read(descriptor, 1000))
    except (OSError, ValueError, TypeError):  # it has not said so yet
        return "another process"
    return f"process {pid!s:.20} on {host!s:.80}, since {since!s:.40}"


def _lock(descriptor: int) -> bool | None:
    """Whether we have the lock now; None where there are no locks, as on some network disks."""
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True
