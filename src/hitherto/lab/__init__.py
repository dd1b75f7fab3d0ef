"""The claims of textbooks on recurrent networks as experiments that run in minutes: said, and measured.

hitherto lab --only recall

`EXPERIMENTS` lists them. Each is one function; what it takes after its first argument a teacher can change.
"""

from hitherto.lab.run import run
from hitherto.lab.table import EXPERIMENTS

__all__ = ["EXPERIMENTS", "run"]
