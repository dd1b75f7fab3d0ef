"""What every row of every table promises: `checks.py` over all of them, with each of their options."""

import pytest

from hitherto.cells import CELLS
from hitherto.checks import check_cell

OPTIONS = {
    "rnn": [{}, {"nonlinearity": "relu"}, {"layer_norm": True}],
    "lstm": [{}, {"proj_size": 3}, {"layer_norm": True}],
    "gru": [{}, {"reset": "before"}, {"layer_norm": True}, {"bias": False}],
}


@pytest.mark.parametrize(
    ("name", "options"), [(name, options) for name in CELLS for options in OPTIONS[name]], ids=str
)
def test_a_cell_keeps_its_promises(name, options):
    quick = bool({"layer_norm", "proj_size"} & set(options))  # no kernel, so no sizes that matter to one
    broken = [(promise, detail) for promise, ok, detail in check_cell(name, quick, **options) if not ok]
    assert broken == []


def test_every_option_is_tried():
    for name, cell in CELLS.items():
        tried = {option for options in OPTIONS[name] for option in options} | {"bias"}
        assert set(cell.options) <= tried, name
