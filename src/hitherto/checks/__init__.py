"""Conformance checks, public: what every row of a table promises, tested on this machine.

`check_cell` takes a row of `CELLS`, or one of your own that stands in no table yet, `check_codec` a fitted codec and
some values, `check_head` a row of `HEADS` and its options, `check_task` a trained model and some data. Where torch is
installed, a row of `CELLS` is also checked as the layer that it becomes, on its path here: kernels keep bits; and a row
of `HEADS` with its loss.
"""

from hitherto.checks.cells import check_cell
from hitherto.checks.codecs import check_codec
from hitherto.checks.heads import check_head
from hitherto.checks.tasks import check_task

__all__ = ["check_cell", "check_codec", "check_head", "check_task"]
