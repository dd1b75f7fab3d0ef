"""`python -m hitherto` is `hitherto`."""

from hitherto.cli import main

main()
