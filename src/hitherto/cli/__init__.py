"""The command line: parse, import, call. A verb imports what it needs when it runs, so `--help` is quick.

Exit status: 0 success, 1 a check failed, 2 bad usage, 3 bad data, 130 interrupted, 143 terminated. An error of this
package has its own `exit_code` (`hitherto.errors`).
"""

from hitherto.cli.main import main

__all__ = ["main"]
