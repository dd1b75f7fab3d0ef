"""The bounds that tests open files within."""

import signal
import sys

import pytest
from limits import TooLong, bounded


def test_a_bound_on_time_holds() -> None:
    def forever() -> None:
        while True:
            pass

    with pytest.raises(TooLong), bounded(seconds=0.05):
        forever()
    assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts addresses so")
def test_a_bound_on_memory_holds() -> None:
    with pytest.raises(MemoryError), bounded(memory=64 << 20):
        bytearray(1 << 28)
    bytearray(1 << 28)
