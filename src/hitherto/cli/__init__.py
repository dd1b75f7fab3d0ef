"""The command line: parse, import, call. A verb imports what it needs when it runs; `--help` stays quick.

Exit status: 0 all is well, 1 a check failed, 2 bad usage, 3 bad data, 130 interrupted, 143 told to end; an error of
this package ends with its own `exit_code` (`hitherto.errors`).
"""

from hitherto.cli.main import main

__all__ = ["main"]
