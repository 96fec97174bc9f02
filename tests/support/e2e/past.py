"""Objects as they would be by now, had they been made or deleted earlier.

Clients cannot choose these times, so what is stored is rewritten: the API server then serves and watches such
an object like any other.
"""

from datetime import UTC, datetime, timedelta

from tests.support.e2e.stage import Stage

_ATTEMPTS = 20


def backdate(stage: Stage, plural: str, name: str, field: str, ago: timedelta) -> None:
    """Move a time in the metadata of an object (`creationTimestamp`, `deletionTimestamp`) into the past.

    It must be there already: an object that nobody deleted cannot have been deleted an hour ago.
    """
    key = f"/registry/posture.dev/{plural}/{stage.namespace}/{name}"
    then = (datetime.now(UTC) - ago).strftime("%Y-%m-%dT%H:%M:%SZ")
    for _ in range(_ATTEMPTS):
        stored = stage.plane.etcd.read(key)
        assert stored is not None, f"{key} is not stored"
        assert field in stored.document["metadata"], f"{name} has no {field}"
        stored.document["metadata"][field] = then
        if stage.plane.etcd.replace(key, stored.document, stored.revision):
            return
    raise AssertionError(f"{key} keeps changing")
