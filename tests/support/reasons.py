"""Whatever a test has the operator say in a status: it is in the registry of reasons."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from posture.api.reasons.registry import is_registered
from posture.api.resource import Status
from posture.kube.resources import Object
from posture.kube.status import StatusWrite
from posture.reconcile.reporter import Reporter

_write = Reporter.write


async def _checked(
    self: Reporter[Any], listed: Object, before: Status, after: Status, *args: Any, **options: Any
) -> StatusWrite:
    kind = self._kind.resource.kind
    said = [(each.type, each.status.value, each.reason) for each in after.conditions]
    wrong = [f"{kind}: {': '.join(each)}" for each in said if not is_registered(kind, *each)]
    assert not wrong, f"not in posture/api/reasons, add it there: {wrong}"
    return await _write(self, listed, before, after, *args, **options)


@contextmanager
def only_registered_reasons() -> Iterator[None]:
    """Within the block no reconciler of this process writes a status that says anything else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reporter, "write", _checked)
        yield
