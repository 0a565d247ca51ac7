"""`python -m cnncalc` is `cnncalc`."""

from cnncalc.cli import main

main()
