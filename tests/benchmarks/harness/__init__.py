"""Speed and accuracy against peers, measured side by side; `harness.rows` tells how to add one."""

from harness.rows import Row, Timed, Work, find, find_tallies, row
from harness.tally import Tally, tally

__all__ = ["Row", "Tally", "Timed", "Work", "find", "find_tallies", "row", "tally"]
