"""The jobs of examples/ci, run as the shell scripts that they are, against the emulator."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs

import pytest
import yaml

from sandbox.cloud import Cloud
from tests.support.e2e.exceptions import in_hours
from tests.support.e2e.plans import environment, manifest, write
from tests.support.e2e.stage import FSBP, ORGANIZATION, READER

EXAMPLES = Path(__file__).parents[3] / "examples" / "ci"
WORD = "what GitLab knows a project by"
TARGET = {
    "aws": {"region": "eu-west-1", "roleArn": READER},
    "source": {"securityStandards": {"standards": [FSBP]}},
}
POLICY = {
    "targetRef": {"name": "organization"},
    "justification": "Retention is handled by lifecycle policies",
    "approvedBy": "security@example.com",
    "suppressFindings": {"match": [{"controls": ["RDS.*"]}]},
}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with Cloud.start(organization=ORGANIZATION) as started:
        yield started


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder as a pipeline has it, with a policy that would suppress something."""
    (tmp_path / "policies").mkdir()
    policy = {**POLICY, "expiresAt": in_hours(24 * 30)}
    write(
        tmp_path / "policies" / "all.yaml",
        manifest("PostureTarget", "organization", "security", TARGET),
        manifest("SuppressionPolicy", "logs", "security", policy),
    )
    return tmp_path


def shell(
    script: str, cloud: Cloud, folder: Path, bash: tuple[str, ...], **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a script as the runner does, with `posture` and `python` in the path."""
    binaries = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [str(shutil.which("bash")), *bash, "-c", script],
        cwd=folder,
        env=environment(cloud, PATH=binaries, MANIFESTS="policies", **more),
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
        stdin=subprocess.DEVNULL,
    )


def test_the_github_workflow_leaves_a_summary_and_annotations(cloud: Cloud, checkout: Path) -> None:
    workflow = yaml.safe_load((EXAMPLES / "github-actions.yaml").read_text(encoding="utf-8"))
    steps = {each.get("name"): each for each in workflow["jobs"]["plan"]["steps"]}
    summary = checkout / "summary.md"
    # As the runner calls it where a step names no shell (workflow syntax, `jobs.<job_id>.steps[*].shell`).
    for name in ("Validate", "Plan"):
        done = shell(steps[name]["run"], cloud, checkout, ("-e",), GITHUB_STEP_SUMMARY=str(summary))
        assert done.returncode == 0, done.stderr
    assert summary.read_text(encoding="utf-8") == (checkout / "plan.md").read_text(encoding="utf-8")
    assert "findings suppressed" in summary.read_text(encoding="utf-8")
    (run,) = json.loads((checkout / steps["Annotate"]["with"]["sarif_file"]).read_text("utf-8"))["runs"]
    places = [each["locations"][0]["physicalLocation"] for each in run["results"]]
    assert {each["artifactLocation"]["uri"] for each in places} == {"policies/all.yaml"}
    assert "plan.md" in steps["Comment"]["run"]


class _Notes(BaseHTTPRequestHandler):
    """What of GitLab's API is needed: it takes notes."""

    taken: ClassVar[list[tuple[str, str | None, dict[str, Any]]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.taken.append((self.path, self.headers["PRIVATE-TOKEN"], parse_qs(body)))
        self.send_response(201)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


def test_the_gitlab_job_leaves_a_note(cloud: Cloud, checkout: Path) -> None:
    job = yaml.safe_load((EXAMPLES / "gitlab-ci.yaml").read_text(encoding="utf-8"))["posture-plan"]
    with HTTPServer(("127.0.0.1", 0), _Notes) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/api/v4"
        merge_request = {"CI_API_V4_URL": url, "CI_PROJECT_ID": "7", "CI_MERGE_REQUEST_IID": "9"}
        merge_request |= {"POSTURE_TOKEN": WORD}
        # As the runner joins the lines of a script (GitLab Runner, "Shells supported by GitLab Runner").
        bash = ("-eo", "pipefail")
        done = shell("\n".join(job["script"]), cloud, checkout, bash, **merge_request)
        server.shutdown()
    assert done.returncode == 0, done.stderr
    plan = (checkout / job["artifacts"]["paths"][0]).read_text(encoding="utf-8")
    assert "findings suppressed" in plan
    path = "/api/v4/projects/7/merge_requests/9/notes"
    assert _Notes.taken == [(path, WORD, {"body": [plan]})]


def test_jobs_fail_where_there_is_no_plan(cloud: Cloud, checkout: Path) -> None:
    github = yaml.safe_load((EXAMPLES / "github-actions.yaml").read_text(encoding="utf-8"))
    gitlab = yaml.safe_load((EXAMPLES / "gitlab-ci.yaml").read_text(encoding="utf-8"))["posture-plan"]
    steps = {each.get("name"): each for each in github["jobs"]["plan"]["steps"]}
    elsewhere = {**TARGET, "aws": {"region": "eu-central-1", "roleArn": READER}}
    write(
        checkout / "policies" / "all.yaml",
        manifest("PostureTarget", "organization", "security", elsewhere),
    )
    done = shell(steps["Plan"]["run"], cloud, checkout, ("-e",), GITHUB_STEP_SUMMARY=os.devnull)
    assert done.returncode == 1
    done = shell("\n".join(gitlab["script"]), cloud, checkout, ("-eo", "pipefail"))
    assert done.returncode == 1
    assert "curl" not in done.stderr
