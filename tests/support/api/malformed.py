"""Objects that must be refused, each with a part of the message that its author must read."""

from typing import Any, NamedTuple

from posture.api.remediation import Remediation
from posture.api.remediation_rule import RemediationRule
from posture.api.resource import CustomResource
from posture.api.suppression_policy import SuppressionPolicy
from posture.api.targets.kind import PostureTarget
from tests.support.api.objects import ABSENT, FSBP, changed, maximal, minimal

_DURATION = "write a duration such as 90s, 5m or 24h"
_PATTERN = "with the groups (?P<workload>…) and (?P<environment>…)"
_ONE_SOURCE = "write exactly one of securityStandards, conformancePacks, configRules"
_SELECTOR = "write at least one of controls, standards, accounts"
_INSIGHT = "write the number that ends a managed insight's ARN"
_QUEUE = "write the URL of a standard queue"
_GLOB = "write the 12 digits of an account id in quotes, or a glob"


class Malformed(NamedTuple):
    """An object (the minimal one, or `base`) with one change. `says`: what the API server's message contains.

    `only_server`: the operator relies on the API server for this, and does not look again.
    """

    kind: type[CustomResource]
    path: str
    value: Any
    says: str
    only_server: bool = False
    base: dict[str, Any] | None = None

    @property
    def spec(self) -> dict[str, Any]:
        return changed(self.base or minimal(self.kind), self.path, self.value)

    def __str__(self) -> str:
        value = "absent" if self.value is ABSENT else str(self.value)
        return f"{self.kind.__name__}-{self.path}={value[:40]}"


_TARGET = [
    ("suspend", "yes", "must be of type boolean"),
    ("interval", "4s", f"{_DURATION}, at least 5s"),
    ("interval", "4999ms", f"{_DURATION}, at least 5s"),
    ("interval", "-5m", f"{_DURATION}, at least 5s"),
    ("interval", "5", f"{_DURATION}, at least 5s"),
    ("interval", "", f"{_DURATION}, at least 5s"),
    ("interval", "5 m", f"{_DURATION}, at least 5s"),
    ("interval", "1d", f"{_DURATION}, at least 5s"),
    ("interval", "PT5M", f"{_DURATION}, at least 5s"),
    ("interval", "5m\n", f"{_DURATION}, at least 5s"),
    ("interval", "\u0665m", f"{_DURATION}, at least 5s"),
    ("interval", "1h1h1h1h1h", f"{_DURATION}, at least 5s"),
    ("interval", "999999h999999h999999h", f"{_DURATION}, at least 5s"),
    ("interval", 300, "must be of type string"),
    ("fullSyncInterval", "1s", f"{_DURATION}, at least 5s"),
    ("aws", ABSENT, "spec.aws: Required value"),
    ("aws.region", ABSENT, "spec.aws.region: Required value"),
    ("aws.region", "eu-west", "write a Region such as eu-west-1"),
    ("aws.region", "*", "write a Region such as eu-west-1"),
    ("aws.region", "EU-WEST-1", "write a Region such as eu-west-1"),
    ("aws.region", "eu-west-1.evil.example", "write a Region such as eu-west-1"),
    ("aws.roleArn", "posture-reader", "write a role's ARN such as"),
    ("aws.roleArn", "arn:aws:iam::11112222333:role/reader", "write a role's ARN such as"),
    ("aws.roleArn", "arn:aws:iam::111122223333:user/reader", "write a role's ARN such as"),
    ("aws.roleArn", "arn:aws:iam::111122223333:role/*", "write a role's ARN such as"),
    ("aws.roleArn", "arn:aws:iam::111122223333:role/", "write a role's ARN such as"),
    ("aws.roleArn", "arn:aws:iam::111122223333:role/a b", "write a role's ARN such as"),
    ("aws.events", {}, "queueUrl: Required value"),
    ("aws.events", {"queueUrl": "http://sqs.eu-west-1.amazonaws.com/111122223333/posture"}, _QUEUE),
    ("aws.events", {"queueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/posture.fifo"}, _QUEUE),
    ("aws.events", {"queueUrl": "https://sqs.eu-west-1.amazonaws.com/1111/posture"}, _QUEUE),
    ("aws.events", {"queueUrl": "arn:aws:sqs:eu-west-1:111122223333:posture"}, _QUEUE),
    ("source", ABSENT, "spec.source: Required value"),
    ("source", {}, _ONE_SOURCE),
    ("source.configRules", {"names": ["a"]}, _ONE_SOURCE),
    ("source.conformancePacks", {"names": ["a"]}, _ONE_SOURCE),
    ("source.securityStandards", {}, "standards: Required value"),
    ("source.securityStandards.standards", [], "should have at least 1 items"),
    ("source.securityStandards.standards", ["*", FSBP], "write it alone"),
    ("source.securityStandards.standards", ["cis-*"], "write a standard such as aws-foundational"),
    (
        "source.securityStandards.standards",
        [f"standards/{FSBP}"],
        "write a standard such as aws-foundational",
    ),
    ("source.securityStandards.standards", ["FSBP"], "write a standard such as aws-foundational"),
    ("source", {"configRules": {"names": ["a-*"]}}, "write the whole name of a Config rule"),
    ("source", {"configRules": {"names": ["a\vb"]}}, "write the whole name of a Config rule"),
    ("source", {"conformancePacks": {"names": ["a-*"]}}, "write the whole name of a conformance pack"),
    (
        "source",
        {"configRules": {"names": ["a"], "aggregator": "a b"}},
        "write the name of a Config aggregator",
    ),
    ("publish", [{"output": "Posture_Metrics"}], "write the name of an output"),
    ("insights", [36], "must be of type string"),
    ("insights", ["036"], _INSIGHT),
    ("insights", ["0"], _INSIGHT),
    ("insights", ["severity"], _INSIGHT),
    ("insights", ["arn:aws:securityhub:::insight/securityhub/default/"], _INSIGHT),
    ("insights", ["arn:aws:securityhub:eu-west-1:1:insight/111122223333/custom/a"], _INSIGHT),
    ("insights", ["arn:aws:s3:eu-west-1:111122223333:insight/111122223333/custom/a"], _INSIGHT),
    ("insights", [str(n) for n in range(1, 22)], "must have at most 20 items"),
    ("products", [], "should have at least 1 items"),
    ("products", ["GuardDuty"], "keep 'Security Hub'"),
    ("products", [""], "should be at least 1 chars long"),
    ("accounts.include", [], "should have at least 1 items"),
    ("accounts.include", ["11112222333"], _GLOB),
    ("accounts.include", ["1111222233334"], _GLOB),
    ("accounts.include", ["xebia-*"], _GLOB),
    ("accounts.include", [""], _GLOB),
    ("accounts.exclude", [999988887777], "must be of type string"),
    ("scoring.method", "AWS", 'supported values: "SecurityHub", "ExpectedControls"'),
    ("scoring.method", "securityHub", 'supported values: "SecurityHub", "ExpectedControls"'),
    ("scoring.evaluationWindow", "0s", f"{_DURATION}, more than 0s"),
    ("grouping.accountNamePattern", "^xebia-(.+)-([^-]+)$", _PATTERN),
    ("grouping.accountNamePattern", "^xebia-(?P<workload>.+)$", _PATTERN),
    ("grouping.accountNamePattern", "^(?P<workload>.+)-(?P<environment>[^-]+", _PATTERN),
    ("grouping.accountNamePattern", "^(?P<workload>.+)(?=-)(?P<environment>.+)", _PATTERN),
    ("grouping.accountNamePattern", r"(?P<workload>.)\1(?P<environment>.)", _PATTERN),
    ("grouping.accountNamePattern", "(?P<workload>.){2000}(?P<environment>.)", _PATTERN),
    ("grouping.overrides", [{"accountId": "1", "workload": "a"}], "write the 12 digits of an account id"),
    ("grouping.overrides", [{"accountId": "444455556666"}], "workload: Required value"),
    (
        "grouping.overrides",
        [{"accountId": "444455556666", "workload": ""}],
        "should be at least 1 chars long",
    ),
    ("grouping.overrides", [{"workload": "a"}], "accountId: Required value"),
    ("objectives.minimumScore", 101, "should be less than or equal to 100"),
    ("objectives.minimumScore", -1, "should be greater than or equal to 0"),
    ("objectives.minimumScore", "90%", "must be of type number"),
    ("objectives.trend", {"maxDrop": 2}, "window: Required value"),
    ("objectives.trend", {"window": "336h"}, "maxDrop: Required value"),
    ("objectives.trend", {"window": "336h", "maxDrop": -2}, "should be greater than or equal to 0"),
    ("objectives.resolveWithin", {"critical": "1d"}, f"{_DURATION}, more than 0s"),
]
_TARGET_BY_SERVER = [
    ("accounts.exclude", ["999988887777", "999988887777"], "Duplicate value"),
    ("insights", ["1", "1"], "Duplicate value"),
    ("grouping.overrides", [{"accountId": "444455556666", "workload": w} for w in "ab"], "Duplicate value"),
]
_POLICY = [
    ("targetRef", ABSENT, "spec.targetRef: Required value"),
    ("targetRef", {}, "name: Required value"),
    ("targetRef.name", "Organization", "write the name of an object in this namespace"),
    ("targetRef.name", "other/organization", "write the name of an object in this namespace"),
    ("targetRef.name", "a" * 64, "may not be more than 63"),
    ("mode", "Dryrun", 'supported values: "Enforce", "DryRun"'),
    ("justification", ABSENT, "spec.justification: Required value"),
    ("justification", "because", "should be at least 20 chars long"),
    ("justification", " " * 30, "write why this is acceptable, in 20 to 250 characters"),
    ("justification", "short" + " " * 30, "write why this is acceptable, in 20 to 250 characters"),
    ("justification", "x" * 251, "may not be more than 250"),
    ("approvedBy", ABSENT, "spec.approvedBy: Required value"),
    ("approvedBy", " ", "write who approved this"),
    ("approvedBy", "\v", "write who approved this"),
    (
        "justification",
        "\x85\u2028short" + "\u3000" * 30,
        "write why this is acceptable, in 20 to 250 characters",
    ),
    ("expiresAt", ABSENT, "spec.expiresAt: Required value"),
    ("expiresAt", "never", "must be of type date-time"),
    ("expiresAt", "2027-03-31T00:00:00", "must be of type date-time"),
    ("expiresAt", "2027-02-31T00:00:00Z", "must be of type date-time"),
    ("reference", "S" * 101, "may not be more than 100"),
    ("review", {}, "interval: Required value"),
    ("review", {"interval": "0s"}, f"{_DURATION}, more than 0s"),
    ("suppressFindings", ABSENT, "write exactly one of suppressFindings, disableControls"),
    (
        "disableControls",
        {"standards": ["*"], "controls": ["S3.1"], "accounts": ["*"], "regions": ["eu-west-1"]},
        "write exactly one of suppressFindings, disableControls",
    ),
    ("suppressFindings.match", ABSENT, "match: Required value"),
    ("suppressFindings.match", [], "should have at least 1 items"),
    ("suppressFindings.match", [{}], _SELECTOR),
    ("suppressFindings.match", [{"controls": []}], "should have at least 1 items"),
    ("suppressFindings.match", [{"controls": [""]}], "should be at least 1 chars long"),
    ("suppressFindings.match", [{"accounts": ["123"]}], _GLOB),
    ("suppressFindings.match", [{"severities": ["High"]}], 'supported values: "CRITICAL"'),
    ("suppressFindings.match", [{"regions": ["Europe"]}], "write a Region or a glob such as eu-*"),
    ("suppressFindings.match", [{"tags": {}}], "should have at least 1 properties"),
    ("suppressFindings.match", [{"tags": {"a": []}}], "should have at least 1 items"),
    ("suppressFindings.match", [{"tags": {"a" * 129: ["b"]}}], "write keys of 1 to 128 characters"),
    ("suppressFindings.exceptions", [{}], _SELECTOR),
    ("suppressFindings.maxFindings", 0, "should be greater than or equal to 1"),
    ("deletionPolicy", "Delete", 'supported values: "Reopen", "Retain"'),
]
_DISABLE = [
    ("disableControls.controls", ["S3.*"], "write one security control id such as S3.11"),
    ("disableControls.controls", ABSENT, "controls: Required value"),
    ("disableControls.regions", ["eu-*"], "write a Region such as eu-west-1"),
    ("disableControls.accounts", [], "should have at least 1 items"),
    ("disableControls.roleName", "arn:aws:iam::111122223333:role/x", "write the name of a role, not its ARN"),
]


def _run(**changed: Any) -> dict[str, Any]:
    return {"ssmAutomation": {"document": "AWS-X", "documentVersion": "1", **changed}}


def _undo(**changed: Any) -> dict[str, Any]:
    document = {"document": "AWS-Y", "documentVersion": "1", **changed}
    return _run(undoDocument={name: value for name, value in document.items() if value is not ABSENT})


_RULE = [
    ("targetRef", ABSENT, "spec.targetRef: Required value"),
    ("match", ABSENT, "spec.match: Required value"),
    ("match", [{}], _SELECTOR),
    ("exceptions", [{}], _SELECTOR),
    ("mode", "On", 'supported values: "Enforce", "DryRun"'),
    ("optOut", {"tags": [{"values": ["a"]}]}, "key: Required value"),
    ("optOut", {"tags": [{"key": ""}]}, "should be at least 1 chars long"),
    ("identity.roleName", "a/b", "write the name of a role, not its ARN"),
    ("action", ABSENT, "spec.action: Required value"),
    ("action", {}, "write exactly one of builtin, ssmAutomation"),
    (
        "action.ssmAutomation",
        {"document": "AWS-X", "documentVersion": "1"},
        "write exactly one of builtin, ssmAutomation",
    ),
    ("action.builtin.name", "S3 block", "write the name of a builtin action"),
    ("action.builtin.parameters", {"a" * 65: "b"}, "write keys of 1 to 64 characters"),
    ("action", _run(document="AWS X"), "write the name of an SSM Automation document"),
    ("action", {"ssmAutomation": {"document": "AWS-X"}}, "documentVersion: Required value"),
    *(
        ("action", _run(documentVersion=version), "write the number of a version in quotes")
        for version in ("", "0", "01", "1.0", "$DEFAULT", "$LATEST", "v1")
    ),
    ("action", _run(documentVersion="1234567890"), "may not be more than 9"),
    ("action", _run(timeout="4s"), f"{_DURATION}, at least 5s"),
    ("action", _run(timeout="1"), f"{_DURATION}, at least 5s"),
    ("action", _run(parameters={"GroupId": []}), "should have at least 1 items"),
    ("action", _run(parameters={"GroupId": ["x"] * 51}), "must have at most 50 items"),
    ("action", _run(parameters={"a" * 51: ["x"]}), "write keys of 1 to 50 characters"),
    ("action", _run(parameters={"": ["x"]}), "write keys of 1 to 50 characters"),
    *(
        ("action", _run(parameters={"GroupId": [value]}), "and between {{ and }} one of finding.control")
        for value in (
            "{{ resource.tags }}",
            "{{ resource.Id }}",
            "{{ execution.id }}",
            "{{ssm:secret}}",
            "{{ resource.id",
            "{{{ resource.id }}}",
            "a{{}}",
            "{{",
            "{{ resource.id | upper }}",
            "{{\tresource.id }}",
            "{{ resource\u2024id }}",
        )
    ),
    ("action", _undo(document=ABSENT), "document: Required value"),
    ("action", _undo(documentVersion=ABSENT), "documentVersion: Required value"),
    ("action", _undo(document="a b"), "write the name of an SSM Automation document"),
    ("action", _undo(parameters={"a": ["{{ execution.status }}"]}), "resource.type, execution.id"),
    ("limits.perCycle", 0, "should be greater than or equal to 1"),
    ("limits.percent", 101, "should be less than or equal to 100"),
    ("limits.perResource.per", "0s", f"{_DURATION}, more than 0s"),
    ("window", {}, "schedule: Required value"),
    ("window", {"schedule": "0 9 * *"}, "write five cron fields"),
    ("window", {"schedule": "0 24 * * *"}, "write five cron fields"),
    ("window", {"schedule": "60 9 * * *"}, "write five cron fields"),
    ("window", {"schedule": "0 9 0 * *"}, "write five cron fields"),
    ("window", {"schedule": "0 9 * 13 *"}, "write five cron fields"),
    ("window", {"schedule": "0 9 * * 8"}, "write five cron fields"),
    ("window", {"schedule": "@daily"}, "write five cron fields"),
    ("window", {"schedule": "0 9 * * 5-1"}, "ranges rise"),
    ("window", {"schedule": "50-10 9 * * *"}, "ranges rise"),
    ("window", {"schedule": "0 9 * * sat-sun"}, "ranges rise"),
    ("window", {"schedule": "0 9 31 feb,4 *"}, "one of the months has the day"),
    ("window", {"schedule": "0 9 * * \u017fun"}, "write five cron fields"),
    ("window", {"schedule": "0 9 * * mon "}, "write five cron fields"),
    ("window", {"schedule": "0 9 L * *"}, "write five cron fields"),
    ("window", {"schedule": "0 9 * * 1-5", "timeZone": "GMT+25:00"}, "write a time zone such as UTC"),
    ("window", {"schedule": "0 9 * * 1-5", "timeZone": "../../etc/passwd"}, "write a time zone such as UTC"),
    ("delay", "-1s", f"{_DURATION}, at least 0s"),
    ("approval", "true", 'supported values: "NotRequired", "Required"'),
    ("verify.timeout", "1s", f"{_DURATION}, at least 5s"),
    ("history.limit", 0, "should be greater than or equal to 1"),
    ("history.limit", 10001, "should be less than or equal to 10000"),
    ("history.keepFor", "0s", f"{_DURATION}, more than 0s"),
]
_REMEDIATION = [
    ("ruleRef", ABSENT, "spec.ruleRef: Required value"),
    ("planHash", "x", "write the planHash of the plan"),
    ("approval", {"by": "a", "planHash": "f" * 16}, "another plan is not approved by it"),
    ("approval", {"planHash": "0123456789abcdef"}, "by: Required value"),
    ("resource.accountId", "1", "write the 12 digits of an account id"),
    ("action", {}, "write exactly one of builtin, ssmAutomation"),
]

_EVENTS = {"queueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/posture"}
_BY_CONFIG = changed(minimal(PostureTarget), "source", {"configRules": {"names": ["a"]}})

MALFORMED = [
    Malformed(PostureTarget, "aws.events", _EVENTS, "events are of Security Hub", base=_BY_CONFIG),
    *(Malformed(PostureTarget, *row) for row in _TARGET),
    *(Malformed(PostureTarget, *row, only_server=True) for row in _TARGET_BY_SERVER),
    *(Malformed(SuppressionPolicy, *row) for row in _POLICY),
    *(Malformed(SuppressionPolicy, *row, base=maximal(SuppressionPolicy, 1)) for row in _DISABLE),
    *(Malformed(RemediationRule, *row) for row in _RULE),
    *(Malformed(Remediation, *row) for row in _REMEDIATION),
]
