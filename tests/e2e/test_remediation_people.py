"""`posture remediations`, `approve` and `undo`, on a real API server that guards the journal."""

import csv
import io
import json
import os
import pty
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml

from posture.cli.remediations.acting import Declined, find, give_approval, whoami
from posture.kube.client import connect
from posture.kube.errors import Gone
from sandbox.controlplane import ControlPlane
from sandbox.controlplane.kubeconfig import CLUSTER
from sandbox.waiting import wait_until
from tests.support.e2e.journal import HASH, Journal
from tests.support.hostile import acts

APPROVER = "posture-posture-operator-remediation-approver"
BEFORE = {
    "writes": [
        {
            "name": "publicAccessBlock",
            "summary": "Block all public access",
            "before": {"BlockPublicAcls": False},
            "after": {"BlockPublicAcls": True},
            "handle": None,
        }
    ]
}
Answer = subprocess.CompletedProcess[str]


class People:
    """Two people with kubeconfigs of their own: one who approves and undoes, and one who may only look."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.kubeconfigs: dict[str, Path] = {}
        for name in ("approver", "reader"):
            journal.plane.kubectl("create", "serviceaccount", name, "-n", journal.namespace)
            self.kubeconfigs[name] = journal.plane.kubeconfig_for(name, journal.namespace)
        journal.bind(self.user("approver"), "Role", APPROVER)
        journal.grant(self.user("reader"), verbs=["get", "list", "patch"])
        wait_until(
            lambda: (
                "yes"
                in journal.kubectl(self.user("approver"), "auth", "can-i", "undo", "remediations").stdout
            ),
            "the approver's role",
            seconds=30,
        )

    def user(self, name: str) -> str:
        return f"system:serviceaccount:{self.journal.namespace}:{name}"

    def run(
        self, name: str, *arguments: str, namespace: bool = True, kubeconfig: Path | None = None
    ) -> Answer:
        given = ["-n", self.journal.namespace] if namespace else []
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "POSTURE_"))}
        return subprocess.run(
            [sys.executable, "-m", "posture.cli", *arguments, *given],
            env={**kept, "KUBECONFIG": str(kubeconfig or self.kubeconfigs[name])},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )


@pytest.fixture(scope="module")
def people(crds: ControlPlane) -> People:
    namespace = f"people-{uuid.uuid4().hex[:8]}"
    crds.kubectl("create", "namespace", namespace)
    return People(Journal(crds, namespace))


@pytest.fixture
def name() -> str:
    return f"remediation-{uuid.uuid4().hex}"


def spec_of(people: People, name: str) -> dict[str, Any]:
    spec = people.journal.get(name)["spec"]
    assert isinstance(spec, dict)
    return spec


def test_a_plan_is_shown_and_approved_in_the_name_that_the_api_server_knows(
    people: People, name: str
) -> None:
    findings = [{"id": "arn:…/finding/7", "productArn": "p", "control": "S3.1"}]
    writes = [{"name": "publicAccessBlock", "summary": "Block all public access"}]
    people.journal.entry(name, "AwaitingApproval", findings=findings, writes=writes)
    done = people.run("approver", "approve", name)
    assert (done.returncode, done.stderr) == (0, "")
    for shown in (
        "AwsAccount AWS::::Account:111122223333",
        "111122223333 in eu-west-1, as role posture-remediation",
        "s3-account-block-public-access",
        "S3.1 arn:…/finding/7",
        "publicAccessBlock: Block all public access",
        HASH,
        f"Approved as {people.user('approver')}",
    ):
        assert shown in done.stdout
    assert spec_of(people, name)["approval"] == {"by": people.user("approver"), "planHash": HASH}
    again = people.run("approver", "approve", name)
    assert again.returncode == 0
    assert f"Approved already, by {people.user('approver')}" in again.stdout


def test_whoever_may_not_is_told_which_right_is_missing(people: People, name: str) -> None:
    waiting = people.journal.entry(name, "AwaitingApproval")
    done_one = people.journal.entry(f"{name}-2")
    people.journal.move(done_one, "Succeeded", before=BEFORE)
    for command, entry, verb in (("approve", waiting, "approve"), ("undo", done_one, "undo")):
        done = people.run("reader", command, entry)
        assert done.returncode == 1
        assert f"needs the verb {verb} on remediations.posture.dev" in done.stderr
        assert "service account" not in done.stderr
        assert "Traceback" not in done.stderr
    assert "approval" not in spec_of(people, waiting)
    assert spec_of(people, done_one)["undo"] is False


@pytest.mark.parametrize("state", ["", "Running", "Succeeded", "Failed", "Skipped", "Undoing", "Undone"])
def test_what_does_not_wait_is_not_approved(people: People, name: str, state: str) -> None:
    people.journal.entry(name, state)
    done = people.run("approver", "approve", name)
    assert done.returncode == 1
    assert f"it does not wait for an approval: {state or 'it has no state yet'}" in done.stderr


def test_one_that_cannot_be_approved_keeps_no_other_from_it(people: People, name: str) -> None:
    people.journal.entry(name, "AwaitingApproval")
    done = people.run(
        "approver", "approve", "not-there", f"{people.journal.namespace}/{name}", namespace=False
    )
    assert done.returncode == 1
    assert f"{people.journal.namespace}/not-there: could not get" in done.stderr
    assert spec_of(people, name)["approval"]["by"] == people.user("approver")


def test_what_was_written_is_told_and_asked_back(people: People, name: str) -> None:
    people.journal.entry(name)
    people.journal.move(name, "Succeeded", before=BEFORE)
    done = people.run("approver", "undo", name)
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        'publicAccessBlock: {"BlockPublicAcls": true} becomes {"BlockPublicAcls": false} again' in done.stdout
    )
    assert "or there is no configuration where there was none" in done.stdout
    assert spec_of(people, name)["undo"] is True
    again = people.run("approver", "undo", name)
    assert again.returncode == 0
    assert "Asked for already" in again.stdout
    people.journal.move(name, "Failed", before=BEFORE)
    failed = people.run("approver", "undo", name)
    assert failed.returncode == 1
    assert "that was tried already: Failed" in failed.stderr


def test_what_waits_is_called_off(people: People, name: str) -> None:
    people.journal.entry(name, "AwaitingApproval")
    done = people.run("approver", "undo", name)
    assert done.returncode == 0
    assert "Called off: nothing has been written" in done.stdout
    assert spec_of(people, name)["undo"] is True


@pytest.mark.parametrize("state", ["", "Skipped", "Undone", "Failed"])
def test_where_nothing_was_written_nothing_is_undone(people: People, name: str, state: str) -> None:
    people.journal.entry(name, state)
    done = people.run("approver", "undo", name)
    assert done.returncode == 1
    assert "nothing" in done.stderr
    assert spec_of(people, name)["undo"] is False


def test_a_document_without_another_that_undoes_it_is_not_undone(people: People, name: str) -> None:
    automation = {"document": "AWS-DisablePublicAccessForSecurityGroup", "documentVersion": "1"}
    people.journal.entry(name, action={"ssmAutomation": automation})
    people.journal.move(name, "Succeeded", before={"a": 1})
    done = people.run("approver", "undo", name)
    assert done.returncode == 1
    assert "names no undoDocument" in done.stderr


def test_the_journal_is_printed_in_every_form(people: People, name: str) -> None:
    note = "=1+1 \x1b[2J\u202e |x|"
    people.journal.entry(name, "AwaitingApproval", ruleRef={"name": name[:30]}, writes=[{"name": note}])
    people.journal.entry(f"{name}-2", "Succeeded", ruleRef={"name": name[:30]})
    people.journal.entry(f"{name}-3", ruleRef={"name": "another"})
    asked = ("remediations", "--rule", name[:30])
    answer = people.run("reader", *asked, "-o", "json")
    assert (answer.returncode, answer.stderr) == (0, "")
    found = {each["name"]: each for each in json.loads(answer.stdout)}
    assert found.keys() == {name, f"{name}-2"}
    one = found[name]
    assert (one["state"], one["account"], one["action"], one["writes"][0]["name"]) == (
        "AwaitingApproval",
        "111122223333",
        "s3-account-block-public-access",
        note,
    )
    assert (one["approvedBy"], one["undo"], one["planHash"]) == (None, False, HASH)
    assert yaml.safe_load(people.run("reader", *asked, "-o", "yaml").stdout) == list(found.values())
    rows = list(csv.DictReader(io.StringIO(people.run("reader", *asked, "-o", "csv").stdout)))
    assert {row["NAME"]: row["STATE"] for row in rows} == {name: "AwaitingApproval", f"{name}-2": "Succeeded"}
    for form in ("table", "wide", "markdown", "csv", "json", "yaml"):
        shown = people.run("reader", *asked, "-o", form).stdout
        assert acts(shown) <= {"\n"}
        assert name in shown
    waiting = people.run("reader", *asked, "--state", "awaitingapproval").stdout.splitlines()
    assert len(waiting) == 2


@pytest.mark.parametrize(
    ("state", "approves"), [("Skipped", False), ("Running", False), ("AwaitingApproval", True)]
)
async def test_only_what_was_shown_is_approved(
    people: People, name: str, monkeypatch: pytest.MonkeyPatch, state: str, *, approves: bool
) -> None:
    people.journal.entry(name, "AwaitingApproval")
    monkeypatch.setenv("KUBECONFIG", str(people.kubeconfigs["approver"]))
    async with connect() as client:
        shown = await find(client, people.journal.namespace, name)
        # The operator goes on meanwhile; where that changes nothing that was shown, nothing is asked anew.
        people.journal.move(name, state, attempts=0)
        if approves:
            await give_approval(client, shown, await whoami(client))
            assert spec_of(people, name)["approval"]["by"] == people.user("approver")
            return
        with pytest.raises(Declined, match=f"it has changed since it was shown: {state}"):
            await give_approval(client, shown, await whoami(client))
        assert "approval" not in spec_of(people, name)


async def test_another_object_of_the_name_is_not_approved(
    people: People, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.journal.entry(name, "AwaitingApproval")
    monkeypatch.setenv("KUBECONFIG", str(people.kubeconfigs["approver"]))
    async with connect() as client:
        shown = await find(client, people.journal.namespace, name)
        people.journal.delete(name, people.journal.subject)
        people.journal.entry(name, "AwaitingApproval")
        with pytest.raises(Gone, match="another object has its name now"):
            await give_approval(client, shown, await whoami(client))
    assert "approval" not in spec_of(people, name)


@pytest.mark.parametrize(("answer", "approves"), [("n", False), ("y", True)])
def test_at_a_terminal_whoever_approves_is_asked(
    people: People, name: str, answer: str, *, approves: bool
) -> None:
    people.journal.entry(name, "AwaitingApproval")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "posture.cli", "approve", name, "-n", people.journal.namespace]
    with subprocess.Popen(
        command,
        env={**os.environ, "KUBECONFIG": str(people.kubeconfigs["approver"])},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        assert process.wait(timeout=60) == (0 if approves else 1)
    os.close(ours)
    assert ("approval" in spec_of(people, name)) == approves


def test_a_mistake_is_told_without_a_traceback(people: People, tmp_path: Path) -> None:
    everywhere = people.run("reader", "remediations", namespace=False)
    assert everywhere.returncode == 1
    assert "you may not list remediations.posture.dev in all namespaces" in everywhere.stderr
    nowhere = people.run("reader", "remediations", kubeconfig=tmp_path / "none")
    assert nowhere.returncode == 1
    assert "KUBECONFIG names no file that exists" in nowhere.stderr
    unknown = people.run("reader", "remediations", "--context", "elsewhere")
    assert unknown.returncode == 1
    assert "elsewhere" in unknown.stderr
    for done in (everywhere, nowhere, unknown):
        assert done.stderr.startswith("posture: ")
        assert "Traceback" not in done.stderr
    assert people.run("reader", "approve").returncode == 2
    assert people.run("reader", "remediations", "--state", "Done").returncode == 2


def test_another_context_of_the_kubeconfig_and_its_namespace_are_taken(
    people: People, name: str, tmp_path: Path
) -> None:
    people.journal.entry(name, "AwaitingApproval")
    document = yaml.safe_load(people.kubeconfigs["approver"].read_text())
    (ours,) = document["contexts"]
    ours["name"] = "ours"
    document["contexts"].append({"name": CLUSTER, "context": {**ours["context"], "namespace": "default"}})
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(yaml.safe_dump(document))
    wrong = people.run("approver", "approve", name, namespace=False, kubeconfig=kubeconfig)
    assert wrong.returncode == 1
    assert f"default/{name}: you may not get remediations.posture.dev" in wrong.stderr
    done = people.run(
        "approver", "approve", name, "--context", "ours", namespace=False, kubeconfig=kubeconfig
    )
    assert (done.returncode, done.stderr) == (0, "")
