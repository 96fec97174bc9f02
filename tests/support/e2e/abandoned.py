"""Deletions that have waited long enough."""

import json
from datetime import timedelta

from tests.support.e2e.stage import Stage

LONGER = timedelta(minutes=61)


def events(stage: Stage, name: str = "") -> dict[str, str]:
    """Return the notes of events by reason, of one object or of all."""
    items = json.loads(stage.kubectl("get", "events.events.k8s.io", "-o", "json"))["items"]
    return {each["reason"]: each["note"] for each in items if name in {"", each["regarding"]["name"]}}


def abandoned(stage: Stage, name: str) -> str:
    """Return what the event says that an object left behind."""
    return events(stage, name)["CleanupAbandoned"]
