"""Speed and accuracy against peers, measured side by side; `harness.rows` tells how to add one."""

from harness.rows import Row, Timed, Work, find, row

__all__ = ["Row", "Timed", "Work", "find", "row"]
