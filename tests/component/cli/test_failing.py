"""`posture controls` and `posture findings` against the emulator, held to the oracle over its findings."""

import csv
import io
import json
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sandbox.cloud import Cloud
from tests.support import one_shot
from tests.support.e2e.stage import CIS_1_4, ORGANIZATION, PATTERN
from tests.support.e2e.truth import hub_of
from tests.support.oracle.failing import Failing, failing, failing_controls

REGION = ["--region", "eu-west-1"]
Document = dict[str, Any]


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """A small organization's Security Hub; nothing here writes to it."""
    with Cloud.start(organization=ORGANIZATION) as started:
        yield started


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What was read by the test before need not be read again."""
    return str(tmp_path_factory.mktemp("cache"))


def spec_of(*standards: str, **changes: Any) -> Document:
    return {
        "source": {"securityStandards": {"standards": list(standards) or ["*"]}},
        "scoring": {"evaluationWindow": "30h"},
        "grouping": {"accountNamePattern": PATTERN, "defaultEnvironment": "production"},
        **changes,
    }


def truth(cloud: Cloud, spec: Document, selector: Document | None = None) -> list[Failing]:
    now = datetime.now(UTC)
    return failing(cloud.control.findings(), spec, hub_of(ORGANIZATION), now, selector=selector)


def printed(cloud: Cloud, name: str, *arguments: str) -> list[Document]:
    done = one_shot.run(cloud, name, *REGION, *arguments, "-o", "json")
    assert (done.returncode, done.stderr) == (0, "")
    documents = json.loads(done.stdout)
    assert isinstance(documents, list)
    return documents


@pytest.mark.parametrize(
    ("arguments", "spec"),
    [
        ([], spec_of()),
        (
            ["--standard", CIS_1_4, "--accounts", "6*"],
            spec_of(CIS_1_4, accounts={"include": ["6*"]}),
        ),
    ],
)
def test_failing_controls_are_those_of_the_oracle_in_its_order(
    cloud: Cloud, cache: str, arguments: list[str], spec: Document
) -> None:
    found = printed(cloud, "controls", "--cache", cache, *arguments)
    expected = failing_controls(truth(cloud, spec), spec, hub_of(ORGANIZATION))
    assert len(expected) >= 5
    assert found == expected
    assert list(found[0]) == ["control", "title", "severity", "standards", "failed", "accounts", "oldest"]


SELECTORS: list[tuple[list[str], Document]] = [
    (["--control", "ec2.*", "--control", "RDS.?"], {"controls": ["ec2.*", "RDS.?"]}),
    (["--standards", "cis-*", "--severities", "high"], {"standards": ["cis-*"], "severities": ["HIGH"]}),
    (["--accounts", "6000*"], {"accounts": ["6000*"]}),
    (
        ["--workloads", "payments", "--environments", "d*", "--products", "Security Hub CSPM"],
        {"workloads": ["payments"], "environments": ["d*"], "products": ["Security Hub CSPM"]},
    ),
    (["--regions", "us-*"], {"regions": ["us-*"]}),
    (["--resource-types", "AwsS3*", "--titles", "*S3*"], {"resourceTypes": ["AwsS3*"], "titles": ["*S3*"]}),
    (["--resource-ids", "arn:aws:s3:::*"], {"resourceIds": ["arn:aws:s3:::*"]}),
    (["--tags", "owner=*", "--tags", "owner=none"], {"tags": {"owner": ["*", "none"]}}),
]  # fmt: skip


def test_failed_findings_are_those_of_the_oracle_in_its_order(cloud: Cloud, cache: str) -> None:
    found = printed(cloud, "findings", "--cache", cache)
    expected = truth(cloud, spec_of())
    assert len(expected) > 20
    raw = {each.raw["Id"]: each for each in expected}
    assert [(each["severity"], each["since"]) for each in found] == [
        (each.severity, each.since) for each in expected
    ]
    assert len(raw) == len(found)
    for each in found:
        of = raw[each["id"]]
        assert each == {
            "id": of.raw["Id"],
            "control": each["control"],
            "title": of.raw["Title"],
            "severity": of.severity,
            "account": of.account,
            "region": of.raw["Region"],
            "resource": of.raw["Resources"][0]["Id"],
            "workflow": of.raw["Workflow"]["Status"],
            "since": of.since,
        }
        assert each["control"].upper() in {control for _, control in of.pairs}


@pytest.mark.parametrize(("arguments", "selector"), SELECTORS)
def test_the_lists_of_a_selector_select_as_in_a_policy(
    cloud: Cloud, cache: str, arguments: list[str], selector: Document
) -> None:
    found = printed(cloud, "findings", "--cache", cache, "--account-name-pattern", PATTERN, *arguments)
    expected = truth(cloud, spec_of(), selector)
    assert {each["id"] for each in found} == {each.raw["Id"] for each in expected}


def test_findings_of_another_product_that_is_named_are_read_too(cloud: Cloud) -> None:
    products = ["Security Hub", "GuardDuty"]
    found = printed(cloud, "findings", "--products", "GuardDuty")
    expected = truth(cloud, spec_of(products=products), {"products": ["GuardDuty"]})
    assert len(expected) > 0
    assert [each["id"] for each in found] == [each.raw["Id"] for each in expected]
    assert {each["control"] for each in found} == {None}


def test_every_form_has_every_finding(cloud: Cloud, cache: str) -> None:
    ids = [each["id"] for each in printed(cloud, "findings", "--cache", cache)]
    outputs = {
        form: one_shot.run(cloud, "findings", *REGION, "--cache", cache, "-o", form).stdout
        for form in ("table", "wide", "csv", "markdown", "yaml")
    }
    assert [row["ID"] for row in csv.DictReader(io.StringIO(outputs["csv"]))] == ids
    assert outputs["table"].count("\n") == outputs["wide"].count("\n") == len(ids) + 1
    assert outputs["markdown"].count("\n") == len(ids) + 2
    assert outputs["yaml"].count("- id: ") == len(ids)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["controls", "--region", "nowhere"], 2, "aws.region: write a Region such as eu-west-1"),
        (["controls", *REGION, "--accounts", "12"], 2, "write the 12 digits of an account id"),
        (["findings", *REGION, "--accounts", "12"], 2, "--accounts: write the 12 digits of an account id"),
        (["findings", *REGION, "--resource-types", ""], 2, "--resource-types: write a value or a glob"),
        (["findings", "--region", "eu-central-1"], 1, "Security Hub"),
        (["findings", "organization"], 1, "KUBECONFIG names no file that exists"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(
    cloud: Cloud, arguments: list[str], code: int, says: str
) -> None:
    done = one_shot.run(cloud, *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_not_read_in_time_ends_with_124_and_what_is_interrupted_leaves_nothing(
    cloud: Cloud, tmp_path: Path
) -> None:
    nobody = {"AWS_ENDPOINT_URL_SECURITYHUB": "http://127.0.0.1:9", "TMPDIR": str(tmp_path)}
    done = one_shot.run(cloud, "controls", *REGION, "--timeout", "2s", **nobody)
    assert (done.returncode, done.stdout) == (124, "")
    assert "what fails is not known" in done.stderr
    code, out, err = one_shot.interrupted(cloud, tmp_path, "findings", *REGION, **nobody)
    assert (code, out) == (1, "")
    assert "Traceback" not in err
    assert list(tmp_path.glob("posture-*")) == []


def test_a_reader_that_goes_away_ends_it_quietly(cloud: Cloud, cache: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as gone:
        done = subprocess.run(
            one_shot.command("findings", *REGION, "--cache", cache),
            env=one_shot.environment(cloud),
            stdout=gone,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    assert (done.returncode, done.stderr) == (1, b"")
