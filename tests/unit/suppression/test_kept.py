"""What was tried again and again outlives whoever tried it."""

from pathlib import Path

import pytest

from posture.domain.exceptions.attempts import LastAttempt
from posture.domain.findings import FindingId
from posture.suppression.kept import load_attempts, save_attempts
from tests.support.rows import opened

ONE, TWO, THREE = (FindingId("arn", each) for each in "123")


def test_what_counts_is_kept(tmp_path: Path) -> None:
    again, undone = LastAttempt("p", 3, 7), LastAttempt("p", 1, 8, "security/logs")
    with opened(tmp_path / "hub.sqlite") as store:
        assert load_attempts(store, "tries") == {}
        save_attempts(store, "tries", {ONE: again, TWO: undone, THREE: LastAttempt("p", 1, 9)})
        assert load_attempts(store, "tries") == {ONE: again, TWO: undone}
        assert load_attempts(store, "others") == {}


@pytest.mark.parametrize("text", ["", "[[", "[1]", '{"a": 1}', '[[["arn","1"],["p",1]]]'])
def test_what_another_version_kept_is_nothing(tmp_path: Path, text: str) -> None:
    with opened(tmp_path / "hub.sqlite") as store:
        store.put_state({"tries": text})
        assert load_attempts(store, "tries") == {}
