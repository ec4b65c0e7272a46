"""`python -m skybench` is the command line."""

from skybench.cli import main

main()
