"""`python -m posture.cli`: the same as the command `posture`."""

from posture.cli import main

main()
