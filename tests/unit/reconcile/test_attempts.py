"""What was tried again and again outlives whoever tried it."""

from pathlib import Path

import pytest

from posture.domain.exceptions.attempts import LastAttempt
from posture.domain.findings import FindingId
from posture.reconcile import attempts
from tests.support.rows import opened

ONE, TWO, THREE = (FindingId("arn", each) for each in "123")


def test_what_counts_is_kept(tmp_path: Path) -> None:
    again, undone = LastAttempt("p", 3, 7), LastAttempt("p", 1, 8, "security/logs")
    with opened(tmp_path / "hub.sqlite") as store:
        assert attempts.load_attempts(store, "tries") == {}
        attempts.save_attempts(store, "tries", {ONE: again, TWO: undone, THREE: LastAttempt("p", 1, 9)})
        assert attempts.load_attempts(store, "tries") == {ONE: again, TWO: undone}
        assert attempts.load_attempts(store, "others") == {}


@pytest.mark.parametrize("text", ["", "[[", "[1]", '{"a": 1}', '[[["arn","1"],["p",1]]]'])
def test_what_another_version_kept_is_nothing(tmp_path: Path, text: str) -> None:
    with opened(tmp_path / "hub.sqlite") as store:
        store.put_state({"tries": text})
        assert attempts.load_attempts(store, "tries") == {}
