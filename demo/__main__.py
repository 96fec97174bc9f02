"""`make demo`: a cluster, a simulated organization, the operator; then the cloud changes and the score moves.

Environment: `DEMO_EXIT=1` ends by itself when all has been shown; `DEMO_KUBECONFIG=FILE` uses the cluster of
that kubeconfig instead of starting one.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from demo import cases
from posture.api.crds import documents
from posture.domain.scoring.scores import Score
from sandbox import tools
from sandbox.cloud import Cloud
from sandbox.controlplane import ControlPlane
from sandbox.operator_process import OperatorError, OperatorProcess
from sandbox.organization import Organization

HERE = Path(__file__).parent
NAMESPACE = "security"
PAYMENTS = ("600000000000", "600000007919", "600000015838")
_ENDS = (signal.SIGINT, signal.SIGTERM)
SHOWN_METRICS = (
    "posture_target_score_ratio",
    "posture_target_unsuppressed_score_ratio",
    "posture_standard_score_ratio",
    "posture_workload_score_ratio",
)


class Kubectl:
    """kubectl on one cluster."""

    def __init__(self, kubeconfig: Path) -> None:
        self._kubeconfig = kubeconfig
        self._program = tools.find("kubectl")

    def __call__(self, *arguments: str, text: str | None = None, quiet: bool = False) -> str:
        """Run it; what it prints is returned, and shown unless `quiet`. Raises CalledProcessError."""
        command = [str(self._program), "--kubeconfig", str(self._kubeconfig), *arguments]
        done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
        if done.returncode:
            sys.stderr.write(done.stderr)
            done.check_returncode()
        if not quiet:
            print(done.stdout, end="", flush=True)
        return done.stdout


def main() -> int:
    """Run the demo; 0 when everything was seen that should be."""
    # `kill` ends it as Ctrl-C does: every process with it.
    for number in _ENDS:
        signal.signal(number, _interrupt)
    with contextlib.ExitStack() as stack:
        try:
            return _demo(stack)
        except KeyboardInterrupt:
            print("\nEnding.")
            return 0
        except (OperatorError, tools.ToolError, subprocess.CalledProcessError) as error:
            print(f"\nThe demo failed: {error}", file=sys.stderr)
            return 1


def _interrupt(*_: object) -> None:
    # make passes on what the whole group has been sent already: the second must not break off the clean-up.
    for number in _ENDS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _demo(stack: contextlib.ExitStack) -> int:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="posture-demo-")))
    kubectl, kubeconfig = _cluster(stack)
    _say("A simulated organization of 16 accounts in two Regions, its Security Hub and its STS")
    cloud = stack.enter_context(Cloud.start(organization=Organization(account_count=16)))
    _say("CRDs, and the targets in demo/targets.yaml")
    _apply(kubectl)
    operator = stack.enter_context(
        OperatorProcess(
            kubeconfig=kubeconfig,
            config=HERE / "posture.yaml",
            data_dir=folder / "data",
            environment=cloud.env,
        )
    )
    _say("The operator polls; waiting for Ready and for the first exact score")
    for condition in ("Ready", "ScoreCurrent"):
        kubectl(
            "wait", "posturetargets", "--all", "--namespace", NAMESPACE,
            f"--for=condition={condition}", "--timeout=180s",
        )  # fmt: skip
    _show(kubectl, operator)
    _change(kubectl, cloud, operator)
    _remediate(kubectl, cloud, operator)
    if os.environ.get("DEMO_EXIT") == "1":
        return 0
    _say(f"Metrics stay at http://{operator.address}/metrics, the cluster at {kubeconfig}. Ctrl-C ends all.")
    threading.Event().wait()
    return 0


def _cluster(stack: contextlib.ExitStack) -> tuple[Kubectl, Path]:
    named = os.environ.get("DEMO_KUBECONFIG")
    if named:
        _say(f"The cluster of {named}")
        return Kubectl(Path(named)), Path(named)
    _say("A control plane: etcd and kube-apiserver")
    plane = stack.enter_context(ControlPlane.start())
    return Kubectl(plane.kubeconfig), plane.kubeconfig


def _apply(kubectl: Kubectl) -> None:
    import yaml  # noqa: PLC0415 - only here

    kubectl("apply", "--server-side", "-f", "-", text=yaml.safe_dump_all(documents()))
    kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s", quiet=True)
    namespace = kubectl("create", "namespace", NAMESPACE, "--dry-run=client", "-o", "yaml", quiet=True)
    kubectl("apply", "-f", "-", text=namespace)
    kubectl("apply", "-f", str(HERE / "targets.yaml"))


def _show(kubectl: Kubectl, operator: OperatorProcess) -> None:
    _say(f"kubectl get posturetargets --namespace {NAMESPACE}")
    kubectl("get", "posturetargets", "--namespace", NAMESPACE)
    _say(f"kubectl get posturetargets --namespace {NAMESPACE} -o wide")
    kubectl("get", "posturetargets", "--namespace", NAMESPACE, "-o", "wide")
    _say(f"A few series of http://{operator.address}/metrics")
    for name in SHOWN_METRICS:
        for series in operator.series(name)[:3]:
            labels = ",".join(f'{label}="{value}"' for label, value in series.labels.items())
            print(f"{name}{{{labels}}} {series.value}")


def _change(kubectl: Kubectl, cloud: Cloud, operator: OperatorProcess) -> None:
    before = _ratio(operator)
    _say("The cloud changes: the failed findings of the payments accounts are fixed")
    fixed = _fix_payments(cloud)
    print(f"{fixed} findings passed; the next poll sees them")
    operator.wait(lambda: _ratio(operator) not in {before, None}, "a score that moved", seconds=60)
    after = _ratio(operator)
    print(f"posture_target_score_ratio of payments: {before:.4f} -> {after:.4f}")
    operator.wait(lambda: _status_says(kubectl, after), "the status to follow the metric")
    kubectl("get", "posturetargets", "--namespace", NAMESPACE)


def _remediate(kubectl: Kubectl, cloud: Cloud, operator: OperatorProcess) -> None:
    _say("Three things are wrong in each payments account; the rules in demo/rules.yaml see them: a dry run")
    made = cases.make(cloud)
    kubectl("apply", "-f", str(HERE / "rules.yaml"))
    operator.wait(lambda: _planned(kubectl) == [2, 3, 3], "the plans", seconds=60)
    kubectl("get", "remediationrules", "--namespace", NAMESPACE)
    account = next(each.account for each in made if each.type == "AwsEc2SecurityGroup")
    print(f"Open to everybody in {account}: ports {cases.open_ports(cloud, account)}")
    _say(f"Account {cases.OPTED_OUT} opted out by its tag AllowPublicAccess=true")
    reasons = "jsonpath={range .status.plan[*]}{.accountId} {.decision} {.reason}: {.message}{'\\n'}{end}"
    kubectl("get", "remediationrule", "block-public-access", "-n", NAMESPACE, "-o", reasons)
    _say("The same rules, enforced")
    for rule in ("block-public-access", "close-ssh-and-rdp", "old-access-keys"):
        patch = '{"spec": {"mode": "Enforce"}}'
        kubectl("patch", "remediationrule", rule, "-n", NAMESPACE, "--type=merge", "-p", patch, quiet=True)
    operator.wait(lambda: _states(kubectl).count("Succeeded") == 8, "the remediations", seconds=90)
    kubectl("get", "remediations", "--namespace", NAMESPACE)
    print(f"Open to everybody in {account}: ports {cases.open_ports(cloud, account)}")
    _say(f"One of them is taken back: the group in {account}")
    group = next(each.id for each in made if each.account == account and "security-group" in each.id)
    name = f"jsonpath={{.items[?(@.spec.resource.id=='{group}')].metadata.name}}"
    undone = kubectl("get", "remediations", "-n", NAMESPACE, "-o", name, quiet=True)
    undo = '{"spec": {"undo": true}}'
    kubectl("patch", "remediation", undone, "-n", NAMESPACE, "--type=merge", "-p", undo)
    operator.wait(lambda: "Undone" in _states(kubectl), "the undo", seconds=60)
    kubectl("get", "remediations", "--namespace", NAMESPACE)
    print(f"Open to everybody in {account}: ports {cases.open_ports(cloud, account)}")
    kubectl("get", "remediationrules", "--namespace", NAMESPACE)


def _planned(kubectl: Kubectl) -> list[int]:
    fields = "jsonpath={.items[*].status.pending}"
    shown = kubectl("get", "remediationrules", "-n", NAMESPACE, "-o", fields, quiet=True)
    return sorted(map(int, shown.split()))


def _states(kubectl: Kubectl) -> list[str]:
    fields = "jsonpath={.items[*].status.conditions[?(@.type=='Complete')].reason}"
    return kubectl("get", "remediations", "-n", NAMESPACE, "-o", fields, quiet=True).split()


def _status_says(kubectl: Kubectl, ratio: float | None) -> bool:
    """Whether the status has these controls behind its score, and the percents that they make."""
    fields = "jsonpath={.status.passed} {.status.scored} {.status.score}"
    shown = kubectl("get", "posturetarget", "payments", "-n", NAMESPACE, "-o", fields, quiet=True)
    passed, scored, percent = map(int, shown.split())
    score = Score(passed, scored)
    return score.ratio == ratio and score.percent == percent


def _ratio(operator: OperatorProcess) -> float | None:
    return operator.value("posture_target_score_ratio", namespace=NAMESPACE, target="payments")


def _fix_payments(cloud: Cloud) -> int:
    """Let what failed in the payments accounts pass at its next check; return how many findings that are."""
    failed = {
        "AwsAccountId": [{"Comparison": "EQUALS", "Value": account} for account in PAYMENTS],
        "ComplianceStatus": [{"Comparison": "EQUALS", "Value": "FAILED"}],
        "RecordState": [{"Comparison": "EQUALS", "Value": "ACTIVE"}],
    }
    passed = {"Compliance": {"Status": "PASSED"}}
    return sum(cloud.control.mutate({"op": "update", "where": failed, "set": passed}))


def _say(text: str) -> None:
    print(f"\n== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
