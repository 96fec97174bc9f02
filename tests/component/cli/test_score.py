"""`posture score` against the emulator, held to the oracle over the emulator's own findings."""

import csv
import io
import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sandbox.cloud import Cloud
from tests.support import one_shot, oracle
from tests.support.e2e.stage import FSBP, ORGANIZATION, PATTERN, READER
from tests.support.e2e.truth import hub_of
from tests.support.html_page import read_page

ALL = sorted(ORGANIZATION.standards)


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """A small organization's Security Hub; nothing here writes to it."""
    with Cloud.start(organization=ORGANIZATION) as started:
        yield started


def run(cloud: Cloud, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return one_shot.run(cloud, "score", "--region", "eu-west-1", *arguments, **changes)


def scored(cloud: Cloud, *arguments: str) -> dict[str, Any]:
    done = run(cloud, *arguments, "-o", "json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    return document


def pair(scores: dict[str, Any]) -> tuple[int, int] | None:
    return None if scores["score"] is None else (scores["passed"], scores["scored"])


@pytest.mark.parametrize("method", ["SecurityHub", "ExpectedControls"])
def test_every_score_is_that_of_the_oracle(cloud: Cloud, method: str) -> None:
    found = scored(
        cloud, "--role-arn", READER, "--account-name-pattern", PATTERN, "--method", method, "--accounts", "*"
    )
    spec = {
        "source": {"securityStandards": {"standards": ALL}},
        "scoring": {"evaluationWindow": "30h"},
        "grouping": {"accountNamePattern": PATTERN, "defaultEnvironment": ""},
    }
    truth = oracle.scores(cloud.control.findings(), spec, hub_of(ORGANIZATION), datetime.now(UTC))
    by = "expected" if method == "ExpectedControls" else "aws"
    assert pair(found) == tuple(truth["target"][by])
    assert found["score"] == oracle.percent(truth["target"][by])
    assert found["unsuppressedScore"] == oracle.percent(truth["target"]["unsuppressed"])
    shown: dict[tuple[str, ...], Any] = {
        **{("standard", each["standard"]): pair(each) for each in found["standards"]},
        **{
            ("workload", each["standard"], each["workload"], each["environment"]): pair(each)
            for each in found["workloads"]
        },
        **{("account", each["standard"], each["account"]): pair(each) for each in found["accounts"]},
    }
    expected: dict[tuple[str, ...], Any] = {
        **{("standard", name): each[by] for name, each in truth["standards"].items()},
        **{("workload", *scope): each[by] for scope, each in truth["workloads"].items()},
        **{("account", *scope): each[by] for scope, each in truth["accounts"].items()},
    }
    assert shown == {scope: each and tuple(each) for scope, each in expected.items()}


def test_the_exit_code_tells_whether_the_minimum_is_reached_unrounded(cloud: Cloud) -> None:
    found = scored(cloud, "--standard", FSBP)
    ratio = 100 * found["passed"] / found["scored"]
    assert run(cloud, "--standard", FSBP, "--minimum", f"{ratio - 0.01:.4f}").returncode == 0
    done = run(cloud, "--standard", FSBP, "--minimum", f"{ratio + 0.01:.4f}")
    assert done.returncode == 3
    assert "the score is below" in done.stderr
    assert str(found["score"]) in done.stdout


def test_what_was_read_is_kept_and_only_what_has_changed_is_read_again(cloud: Cloud, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    first = scored(cloud, "--cache", str(folder))
    (store,) = folder.glob("*.sqlite")
    before = store.stat().st_ino
    again = scored(cloud, "--cache", str(folder))
    assert again.pop("exactAt") >= first.pop("exactAt")
    assert again == first
    assert [path.stat().st_ino for path in folder.glob("*.sqlite")] == [before]


def test_tables_list_every_scope(cloud: Cloud) -> None:
    rows = list(csv.DictReader(io.StringIO(run(cloud, "-o", "csv").stdout)))
    assert {row["SCOPE"] for row in rows} == {"all", "standard", "workload", "account"}
    assert [row["STANDARD"] for row in rows if row["SCOPE"] == "all"] == [""]
    assert "account " not in run(cloud).stdout.replace("account_", "")
    assert run(cloud, "-o", "wide").stdout.count("\n") == 1 + len(rows)


def test_the_report_has_every_score_and_fetches_nothing(cloud: Cloud) -> None:
    found = scored(cloud, "--account-name-pattern", PATTERN)
    done = run(cloud, "--account-name-pattern", PATTERN, "-o", "html")
    assert (done.returncode, done.stderr) == (0, "")
    page = read_page(done.stdout)
    assert page.strange == []
    tables = page.tables()
    assert f"{found['score']} %" in page.texts
    for heading, scopes in (("Standards", "standards"), ("Workloads", "workloads"), ("Accounts", "accounts")):
        shown = sorted(row[-4::3] + row[-2:-1] for row in tables[heading])
        assert shown == sorted(
            [f"{each['score']} %", str(each["scored"]), str(each["passed"])]
            for each in found[scopes]
            if each["score"] is not None
        )
    fails = json.loads(one_shot.run(cloud, "controls", "-o", "json").stdout)
    assert [(row[0], row[3]) for row in tables["What to fix first"]] == [
        (each["control"], str(each["failed"])) for each in fails
    ][:50]
    suppressed = sum(int(row[3].split()[0]) for row in tables["Exceptions"])
    assert suppressed == found["findings"]["suppressed"]


def test_a_standard_that_is_enabled_nowhere_is_told_and_leaves_no_score_over_all(cloud: Cloud) -> None:
    done = run(cloud, "--standard", FSBP, "--standard", "pci-dss/v/4.0.1", "-o", "json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["score"], found["missingStandards"]) == (1, None, ["pci-dss/v/4.0.1"])
    assert [each["standard"] for each in found["standards"] if each["score"] is not None] == [FSBP]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--region", "nowhere"], 2, "aws.region: write a Region such as eu-west-1"),
        (["--role-arn", "reader"], 2, "aws.roleArn: write a role's ARN"),
        (["--standard", "FSBP"], 2, "write a standard such as"),
        (["--account-name-pattern", "(.*)"], 2, "(?P<workload>"),
        (["--minimum", "101"], 2, "--minimum"),
        (["--timeout", "soon"], 2, "is not a duration"),
        (["--region", "eu-central-1"], 1, "Security Hub"),
    ],
)
def test_what_cannot_be_scored_is_told_in_a_sentence(
    cloud: Cloud, arguments: list[str], code: int, says: str
) -> None:
    done = run(cloud, *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_hub_that_does_not_answer_ends_with_124_and_one_that_is_interrupted_leaves_nothing(
    cloud: Cloud, tmp_path: Path
) -> None:
    nobody = {"AWS_ENDPOINT_URL_SECURITYHUB": "http://127.0.0.1:9", "TMPDIR": str(tmp_path)}
    done = run(cloud, "--timeout", "2s", **nobody)
    assert (done.returncode, done.stdout) == (124, "")
    assert "there is no score" in done.stderr
    code, out, err = one_shot.interrupted(cloud, tmp_path, "score", "--region", "eu-west-1", **nobody)
    assert (code, out) == (1, "")
    assert "Traceback" not in err
    assert list(tmp_path.glob("posture-*")) == []
