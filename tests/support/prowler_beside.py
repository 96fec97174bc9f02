"""What Prowler itself mutes: the program that runs in an environment of its own.

Reads cases of mutelists and findings as JSON from standard input. Writes for each case the numbers of the
findings that are muted, null where Prowler takes the list for malformed. What Prowler imports for other ends
is left out of the environment, and stood in for here. Imports nothing of this project.
"""

import json
import logging
import sys
from types import ModuleType
from typing import Any


class _Status:
    MUTED = "MUTED"


_common = ModuleType("prowler.lib.outputs.common")
_common.Status = _Status  # type: ignore[attr-defined] # it is made here
sys.modules[_common.__name__] = _common


def _muted(mutelist: dict[str, Any], findings: list[dict[str, Any]]) -> list[int] | None:
    from prowler.lib.mutelist.mutelist import (  # type: ignore[import-not-found] # noqa: PLC0415 - only there it is
        Mutelist,
    )
    from prowler.lib.outputs.utils import (  # type: ignore[import-not-found] # noqa: PLC0415 - as above
        unroll_dict,
        unroll_tags,
    )

    class OfAws(Mutelist):  # type: ignore[misc] # it has no types
        def is_finding_muted(self, finding: dict[str, Any]) -> bool:
            muted: bool = self.is_muted(
                finding["account"],
                finding["check"],
                finding["region"],
                finding["resource_id"],
                unroll_dict(unroll_tags(finding["resource_tags"])),
            )
            return muted

    read = OfAws(mutelist_content=mutelist["Mutelist"])
    if not read.mutelist:
        return None
    return [number for number, finding in enumerate(findings) if read.is_finding_muted(finding)]


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)  # it says of each expression that is none that it is none
    json.dump([_muted(case["mutelist"], case["findings"]) for case in json.load(sys.stdin)], sys.stdout)
