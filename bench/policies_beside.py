"""awsfindingsmanagerlib 1.5 in an environment of its own, and what it does there.

Measured is `FindingsManager.validate_finding_on_matching_rules`, which the library's users call for findings
that they hold: it wraps a finding, checks that its fields are there, and tries one registered rule after
the other until one matches. Rules are read by its own backend for files. Its constructor asks AWS for the
Regions of the account, which is answered here, so that no call leaves the machine.

Not measured: its other way, one GetFindings for each rule, which leaves the matching to Security Hub and
reads the findings over the wire at every run. And it does not do what else a survey does: it tells one rule
of those that match instead of all, and knows no accounts, exceptions, ends or marks of ownership.

This file is also the program that runs in that environment, so it imports nothing of this project.
"""

import json
import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import Any

REQUIREMENT = "awsfindingsmanagerlib==1.5.0"
_DIRECTORY = Path(__file__).parent.parent / ".cache" / "bench-venv"
_SECONDS = 240


class NotInstalledError(Exception):
    """The library could not be installed; the message says why."""


def install(directory: Path = _DIRECTORY) -> Path:
    """Make the environment in a folder where it is not there yet, and return its interpreter.

    Raises NotInstalledError, also where there is no way to the package index.
    """
    python = directory / "bin" / "python"
    if _answers([str(python), "-c", "import awsfindingsmanagerlib"]) is None:
        return python
    print(f"Installing {REQUIREMENT} into {directory.name}, to be asked beside", file=sys.stderr, flush=True)
    venv.create(directory, clear=True, with_pip=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", REQUIREMENT]
    if why := _answers(pip):
        raise NotInstalledError(why)
    return python


def _answers(command: list[str]) -> str | None:
    """Return why a command failed, None if it did not."""
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_SECONDS)
    except subprocess.CalledProcessError as error:
        said = str(error.stderr).strip().splitlines()
        return said[-1] if said else f"it ended with {error.returncode}"
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None


def run(python: Path, rules: Path, findings: Path) -> tuple[float, dict[str, str]]:
    """Match once in a fresh process; return its CPU seconds, and by Id the note of the rule that matched."""
    command = [str(python), "-I", "-W", "ignore", __file__, str(rules), str(findings)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=_SECONDS)
    answer = json.loads(done.stdout)
    return answer["seconds"], answer["matched"]


def _main(rules: str, findings: str) -> None:
    from awsfindingsmanagerlib import (  # type: ignore[import-not-found] # noqa: PLC0415 - only here it is there
        FindingsManager,
        Local,
    )

    class Offline(FindingsManager):  # type: ignore[misc] # it has no types
        def _describe_ec2_regions(self) -> list[dict[str, str]]:
            return [{"RegionName": "eu-west-1"}]

        @staticmethod
        def _get_ec2_client(_: str) -> None:
            return None

        @staticmethod
        def _get_sts_client() -> None:
            return None

    manager = Offline(region="eu-west-1")
    manager.register_rules(Local(rules).get_rules())
    documents: list[dict[str, Any]] = json.loads(Path(findings).read_text(encoding="utf-8"))
    began = time.process_time()
    found = [manager.validate_finding_on_matching_rules(each) for each in documents]
    seconds = time.process_time() - began
    matched = {each.id: each.matched_rule.note for each in found if each is not None}
    print(json.dumps({"seconds": seconds, "matched": matched}))


if __name__ == "__main__":
    _main(*sys.argv[1:])
