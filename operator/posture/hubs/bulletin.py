"""The hub's status as it changes, and who is told."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from posture.aws.errors import AwsError
from posture.hubs.status import HubStatus
from posture.store import StoreError

logger = logging.getLogger(__name__)

Listener = Callable[[], None]


class Bulletin:
    """One hub's status. Failures are kept by what failed, so that a good poll does not hide a bad sweep."""

    def __init__(self, name: str) -> None:
        self.status = HubStatus()
        self._name = name
        self._failures: dict[str, AwsError | StoreError] = {}
        self._errors: Counter[str] = Counter()
        self._listeners: list[Listener] = []

    def on_change(self, listener: Listener) -> None:
        """Call `listener` after every change from now on; in the event loop, and it must not raise."""
        self._listeners.append(listener)

    def post(self, **changes: Any) -> None:  # noqa: ANN401 - the fields of HubStatus, which `replace` checks
        """Change fields of the status and tell everybody."""
        self.status = replace(self.status, **changes)
        for listener in self._listeners:
            listener()

    def failed(self, work: str, error: AwsError | StoreError) -> None:
        """Post a failure of one kind of work; it stands until that work succeeds."""
        if str(self._failures.get(work)) != str(error):
            logger.warning("hub %s: %s failed: %s", self._name, work, error)
        self._failures[work] = error
        self._errors[error.reason] += 1
        self._post_failures()

    def succeeded(self, work: str) -> None:
        """Withdraw what was posted of this kind of work."""
        if self._failures.pop(work, None) is not None:
            logger.info("hub %s: %s works again", self._name, work)
            self._post_failures()

    def stood_down(self, **changes: Any) -> None:  # noqa: ANN401 - as `post`
        """Begin anew: nothing is known of the hub any more but the counts."""
        self._failures.clear()
        before = self.status
        self.status = HubStatus(
            errors=dict(self._errors), corrections=before.corrections, term=before.term + 1
        )
        self.post(**changes)

    def _post_failures(self) -> None:
        error = next(iter(self._failures.values()), None)
        self.post(error=error, errors=dict(self._errors))
