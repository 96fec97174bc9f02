"""`python -m tests.hunt`: property tests and histories, over and over on new examples, until one fails."""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from random import SystemRandom

from tests.support.examples import HUNT_SEED

# A history or a property of a thousand examples takes its time; for ever it does not.
_HANGS_AFTER_SECONDS = 3600
_PLACES = ("tests/unit", "tests/component")
# As POSIX spells them (what is written is to be subtracted): they need no database of time zones.
_ZONES = ("UTC0", "LINT-14", "AoE12", "NPT-5:45", "NST3:30NDT,M3.2.0,M11.1.0", "CET-1CEST,M3.5.0,M10.5.0/3")


def main() -> int:
    """Return 0 when the time was over without a failure."""
    parser = argparse.ArgumentParser(prog="python -m tests.hunt", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--workers", type=int, default=1, help="tests that run side by side")
    parser.add_argument("places", nargs="*", default=_PLACES, help="default: %(default)s")
    options = parser.parse_args()
    until, random = time.time() + 60 * options.minutes, SystemRandom()
    rounds = 0
    while time.time() < until:
        rounds += 1
        seed = random.randrange(2**32)
        surroundings = {
            HUNT_SEED: str(seed),
            "PYTHONHASHSEED": str(random.randrange(2**32)),
            "TZ": random.choice(_ZONES),
        }
        print(f"Round {rounds} of the hunt, {(until - time.time()) / 60:.0f} minutes left", flush=True)
        ended = subprocess.run(
            _command(seed, until, options.workers, options.places), env=_with(surroundings), check=False
        )
        if ended.returncode:
            return ended.returncode
    print(f"Nothing was found in {rounds} {'round' if rounds == 1 else 'rounds'} of the hunt")
    return 0


def _command(seed: int, until: float, workers: int, places: list[str]) -> list[str]:
    return [
        *(sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "tests.hunt.round"),
        *("-m", "hypothesis or seeded", "-o", f"timeout={_HANGS_AFTER_SECONDS}"),
        *("--hypothesis-profile=hunt", f"--hypothesis-seed={seed}", f"--hunt-until={until}"),
        *(("-n", str(workers)) if workers > 1 else ()),
        *places,
    ]


def _with(surroundings: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, **surroundings}


if __name__ == "__main__":
    sys.exit(main())
