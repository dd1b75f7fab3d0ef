"""Times in a table: how a column writes them, in which zone, how far apart they are.

    form, note = form_of(["13/02/2021", "14/02/2021"])    # one format for a column, found from all its cells
    form.format                                            # '%d/%m/%Y'
    form.read("15/02/2021")                                # (1613347200000000, None)

Inside, a time is a whole number of microseconds since 1970, `datetime64[us]`: in UTC where the column has a zone, as it
is written where it has none. A column of years or of plain numbers stays one of integers. A format that two readers
would read in two ways is refused, never guessed.
"""

from hitherto.times.forms import Form, form_of, read_all
from hitherto.times.patterns import is_time
from hitherto.times.steps import Step, step_of
from hitherto.times.zones import twice, utc_of, wall_of, zone_of

__all__ = [
    "Form", "Step", "form_of", "is_time", "read_all", "step_of", "twice", "utc_of", "wall_of", "zone_of",
]  # fmt: skip
