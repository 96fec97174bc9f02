"""What the demo shows, scene by scene: each does something, waits for what follows, and prints it."""

import contextlib
import string
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from demo import cases
from demo.cluster import NAMESPACE, Kubectl, cluster
from deploy.prometheus.generate import PLAIN
from posture.domain.scoring.scores import Score
from sandbox.cloud import Cloud
from sandbox.config.rules import NON_COMPLIANT, PACK_SUFFIX
from sandbox.operator_process import OperatorProcess
from sandbox.organization import Organization
from sandbox.prometheus import prometheus

HERE = Path(__file__).parent
ALERTS = HERE.parent / PLAIN
LABELS = {"cluster": "demo", "instance": "replica-0"}
"""Of all series in Prometheus; `cluster`: as the external label of one that is one of many."""
PAYMENTS = ("600000000000", "600000007919", "600000015838")
RULES = ("block-public-access", "close-ssh-and-rdp", "old-access-keys")
REMEDIATIONS = 8
"""Three things in each of three accounts, of which one is opted out."""
PACK = "OrgConformsPack-baseline-a1b2c3d4"
"""The conformance pack of AWS Config that the target `baseline` is scored by."""
_ORGANIZATION = Organization(account_count=16, packs=(PACK,))
REGION = _ORGANIZATION.regions[0]
_SHOWN_METRICS = (
    "posture_target_score_ratio",
    "posture_target_unsuppressed_score_ratio",
    "posture_standard_score_ratio",
    "posture_workload_score_ratio",
    "posture_findings_overdue",
)
_WORST = (
    "{range .status.worstControls[:5]}{.severity} {.control} {.failed} failed in {.accounts} accounts: "
    "{.title}{'\\n'}{end}"
)
_LATER, _SOON = timedelta(weeks=3), timedelta(seconds=25)


class Stage(NamedTuple):
    """Where the scenes play. `prometheus`: the address of one that scrapes the operator."""

    kubectl: Kubectl
    cloud: Cloud
    operator: OperatorProcess
    prometheus: str | None = None


def staged(
    stack: contextlib.ExitStack, folder: Path, kubeconfig: Path | None = None, *, scraped: bool = False
) -> Stage:
    """Set the stage: a cluster, a cloud, an operator, and a Prometheus if it is to be scraped.

    `folder`: for their files. Raises what `cluster` raises, OperatorError and TimeoutError.
    """
    say(f"The cluster of {kubeconfig}" if kubeconfig else "A control plane: etcd and kube-apiserver")
    kubectl = cluster(stack, kubeconfig)
    say(
        "A simulated organization of 16 accounts in two Regions, its Security Hub, its AWS Config and its STS"
    )
    cloud = stack.enter_context(Cloud.start(organization=_ORGANIZATION))
    say("The operator, and the targets in demo/targets.yaml")
    operator = stack.enter_context(
        OperatorProcess(
            kubeconfig=kubectl.kubeconfig,
            config=HERE / "posture.yaml",
            data_dir=folder / "data",
            environment=cloud.env,
            arguments=("--namespace", NAMESPACE, "--lease-namespace", NAMESPACE),
        )
    )
    if not scraped:
        return Stage(kubectl, cloud, operator)
    served = prometheus([operator.address], folder, LABELS, [ALERTS])
    return Stage(kubectl, cloud, operator, stack.enter_context(served))


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n== {text}", flush=True)


def play(stage: Stage) -> None:
    """Play all scenes. Raises OperatorError and CalledProcessError where one does not go as it should."""
    _first_score(stage)
    _change(stage)
    # What takes the operator a while goes on beside what is shown.
    _except(stage)
    made = _plan(stage)
    score = _show_effect(stage)
    _enforce(stage, made)
    _end(stage, score)
    _lift(stage)


def _first_score(stage: Stage) -> None:
    kubectl, operator = stage.kubectl, stage.operator
    kubectl("apply", "-f", str(HERE / "targets.yaml"))
    say("The operator polls; waiting for Ready and for the first exact score")
    for condition in ("Ready", "ScoreCurrent"):
        kubectl(
            "wait", "posturetargets", "--all", "--namespace", NAMESPACE,
            f"--for=condition={condition}", "--timeout=180s",
        )  # fmt: skip
    say(f"kubectl get posturetargets --namespace {NAMESPACE}")
    kubectl("get", "posturetargets", "--namespace", NAMESPACE)
    say(f"kubectl get posturetargets --namespace {NAMESPACE} -o wide")
    kubectl("get", "posturetargets", "--namespace", NAMESPACE, "-o", "wide")
    say("What to fix first")
    kubectl("get", "posturetarget", "organization", "-n", NAMESPACE, "-o", f"jsonpath={_WORST}")
    say(f"A few series of http://{operator.address}/metrics")
    for name in _SHOWN_METRICS:
        for series in operator.series(name)[:3]:
            labels = ",".join(f'{label}="{value}"' for label, value in series.labels.items())
            print(f"{name}{{{labels}}} {series.value}")


def _change(stage: Stage) -> None:
    kubectl, cloud, operator, _ = stage
    before = _ratio(operator)
    say("The cloud changes: the failed findings of the payments accounts are fixed")
    fixed = _fix_payments(cloud)
    print(f"{fixed} findings passed; the next poll sees them")
    operator.wait(lambda: _ratio(operator) not in {before, None}, "a score that moved", seconds=60)
    after = _ratio(operator)
    print(f"posture_target_score_ratio of payments: {before:.4f} -> {after:.4f}")
    operator.wait(lambda: _status_says(kubectl, after), "the status to follow the metric")
    kubectl("get", "posturetargets", "--namespace", NAMESPACE)


def _lift(stage: Stage) -> None:
    kubectl, cloud, operator, _ = stage
    before = _ratio(operator, "baseline")
    say(f"AWS Config: in payments something stops to comply with a rule of the pack {PACK}")
    rule = _break_a_rule(cloud)
    print(f"{rule} is NON_COMPLIANT in {PAYMENTS[0]}")
    operator.wait(lambda: (_ratio(operator, "baseline") or 2) < (before or 0), "a worse score", seconds=60)
    kubectl("get", "posturetarget", "baseline", "--namespace", NAMESPACE)
    say("What it fails for is suppressed in Security Hub: Config goes on counting it, the target does not")
    text = (HERE / "lifted.yaml").read_text(encoding="utf-8")
    later = (datetime.now(UTC) + _LATER).strftime("%Y-%m-%dT%H:%M:%SZ")
    kubectl("apply", "-f", "-", text=string.Template(text).substitute(RULE=rule, LATER=later))
    operator.wait(lambda: _ratio(operator, "baseline") == before, "the score as it was", seconds=60)
    kubectl("get", "posturetarget", "baseline", "--namespace", NAMESPACE)


def _except(stage: Stage) -> None:
    kubectl = stage.kubectl
    say("Two exceptions, demo/exceptions.yaml: one for three weeks, one that ends in a moment")
    now = datetime.now(UTC)
    ends = {"LATER": _LATER, "SOON": _SOON}
    moments = {name: (now + away).strftime("%Y-%m-%dT%H:%M:%SZ") for name, away in ends.items()}
    declared = string.Template((HERE / "exceptions.yaml").read_text(encoding="utf-8")).substitute(moments)
    kubectl("apply", "-f", "-", text=declared)


def _show_effect(stage: Stage) -> float:
    """Return the organization's score with both exceptions."""
    kubectl, operator = stage.kubectl, stage.operator
    say("What the exceptions are worth")
    operator.wait(lambda: _is_worth_something(kubectl), "both exceptions to have an effect", seconds=60)
    kubectl("get", "suppressionpolicies", "-n", NAMESPACE)
    effect = (
        "jsonpath={range .items[*]}{.metadata.name}: the score is {.status.effect.score},"
        " and would be {.status.effect.scoreWithout} without it{'\\n'}{end}"
    )
    kubectl("get", "suppressionpolicies", "-n", NAMESPACE, "-o", effect)
    score = _ratio(operator, "organization")
    if score is None:
        raise operator.failure("The organization has no score")
    return score


def _end(stage: Stage, before: float) -> None:
    kubectl, operator = stage.kubectl, stage.operator
    say("The second exception has ended by itself: what it suppressed is open again")
    operator.wait(lambda: _suppressed(kubectl, "moving-databases") == 0, "its end", seconds=60)
    operator.wait(lambda: (_ratio(operator, "organization") or before) < before, "the score without it")
    kubectl("get", "suppressionpolicies", "-n", NAMESPACE)
    reason = "jsonpath={.status.conditions[?(@.type=='Ready')].reason}{'\\n'}"
    kubectl("get", "suppressionpolicy", "moving-databases", "-n", NAMESPACE, "-o", reason)


def _plan(stage: Stage) -> list[cases.Case]:
    kubectl, cloud, operator, _ = stage
    say("Three things are wrong in each payments account; the rules in demo/rules.yaml see them: a dry run")
    made = cases.make(cloud)
    kubectl("apply", "-f", str(HERE / "rules.yaml"))
    operator.wait(lambda: _planned(kubectl) == [2, 3, 3], "the plans", seconds=60)
    kubectl("get", "remediationrules", "--namespace", NAMESPACE)
    account = next(each.account for each in made if each.type == "AwsEc2SecurityGroup")
    print(f"Open to everybody in {account}: ports {cases.open_ports(cloud, account)}")
    say(f"Account {cases.OPTED_OUT} opted out by its tag AllowPublicAccess=true")
    reasons = "jsonpath={range .status.plan[*]}{.accountId} {.decision} {.reason}: {.message}{'\\n'}{end}"
    kubectl("get", "remediationrule", "block-public-access", "-n", NAMESPACE, "-o", reasons)
    return made


def _enforce(stage: Stage, made: list[cases.Case]) -> None:
    kubectl, cloud, operator, _ = stage
    account = next(each.account for each in made if each.type == "AwsEc2SecurityGroup")
    say("The same rules, enforced")
    for rule in RULES:
        patch = '{"spec": {"mode": "Enforce"}}'
        kubectl("patch", "remediationrule", rule, "-n", NAMESPACE, "--type=merge", "-p", patch, quiet=True)
    operator.wait(lambda: _states(kubectl).count("Succeeded") == REMEDIATIONS, "the remediations", seconds=90)
    kubectl("get", "remediations", "--namespace", NAMESPACE)
    print(f"Open to everybody in {account}: ports {cases.open_ports(cloud, account)}")
    say(f"One of them is taken back: the group in {account}")
    group = next(each.id for each in made if each.account == account and "security-group" in each.id)
    name = f"jsonpath={{.items[?(@.spec.resource.id=='{group}')].metadata.name}}"
    undone = kubectl("get", "remediations", "-n", NAMESPACE, "-o", name, quiet=True)
    undo = '{"spec": {"undo": true}}'
    kubectl("patch", "remediation", undone, "-n", NAMESPACE, "--type=merge", "-p", undo)
    operator.wait(lambda: "Undone" in _states(kubectl), "the undo", seconds=60)
    kubectl("get", "remediations", "--namespace", NAMESPACE)
    print(f"Open to everybody in {account}: ports {cases.open_ports(cloud, account)}")
    kubectl("get", "remediationrules", "--namespace", NAMESPACE)


def _is_worth_something(kubectl: Kubectl) -> bool:
    """Whether the score would be lower without any one of the two exceptions."""
    fields = "jsonpath={range .items[*]}{.status.effect.score} {.status.effect.scoreWithout}{'\\n'}{end}"
    shown = kubectl("get", "suppressionpolicies", "-n", NAMESPACE, "-o", fields, quiet=True)
    scores = [each.split() for each in shown.splitlines()]
    return len(scores) == 2 and all(len(each) == 2 and float(each[0]) > float(each[1]) for each in scores)


def _suppressed(kubectl: Kubectl, exception: str) -> int:
    field = "jsonpath={.status.suppressed}"
    return int(kubectl("get", "suppressionpolicy", exception, "-n", NAMESPACE, "-o", field, quiet=True) or 0)


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


def _ratio(operator: OperatorProcess, target: str = "payments") -> float | None:
    return operator.value("posture_target_score_ratio", namespace=NAMESPACE, target=target)


def _break_a_rule(cloud: Cloud) -> str:
    """Let a rule of the pack fail that failed nowhere; return its whole name there."""
    config, account = cloud.config, PAYMENTS[0]
    pack = next(each for each in _ORGANIZATION.seed()["config"]["packs"] if each["name"] == PACK)
    failing = {
        name.partition(PACK_SUFFIX)[0]
        for each in _ORGANIZATION.accounts()
        for region in _ORGANIZATION.regions
        for name, rule in config.rules(each.id, region).items()
        if any(resource["compliance"] == NON_COMPLIANT for resource in rule["resources"])
    }
    sound = next(each for each in pack["rules"] if each not in failing)
    rule = config.rule_of_pack(account, REGION, PACK, sound)
    config.set_rule(account, REGION, rule, NON_COMPLIANT)
    return rule


def _fix_payments(cloud: Cloud) -> int:
    """Let what failed in the payments accounts pass at its next check; return how many findings that are."""
    failed = {
        # What Config says of its rules does not change by what becomes of its findings.
        "ProductName": [{"Comparison": "NOT_EQUALS", "Value": "Config"}],
        "AwsAccountId": [{"Comparison": "EQUALS", "Value": account} for account in PAYMENTS],
        "ComplianceStatus": [{"Comparison": "EQUALS", "Value": "FAILED"}],
        "RecordState": [{"Comparison": "EQUALS", "Value": "ACTIVE"}],
    }
    passed = {"Compliance": {"Status": "PASSED"}}
    return sum(cloud.control.mutate({"op": "update", "where": failed, "set": passed}))
