"""Series of the operator, and the labels that alerts on them have."""

POD = 'namespace="posture",job="posture",instance="a:8080"'
OTHER_POD = 'namespace="posture",job="posture",instance="b:8080"'
JOB = {"namespace": "posture", "job": "posture"}
HUB = 'hub="hub-1",account_id="111122223333",region="eu-west-1"'
HUB_LABELS = {"hub": "hub-1", "account_id": "111122223333", "region": "eu-west-1"}
TARGET = 'namespace="security",target="organization"'
TARGET_LABELS = {"namespace": "security", "target": "organization"}
POLICY = 'namespace="security",policy="log-buckets",target="organization"'
POLICY_LABELS = {"namespace": "security", "policy": "log-buckets", "target": "organization"}
RULE = 'namespace="security",rule="close-ssh"'
RULE_LABELS = {"namespace": "security", "rule": "close-ssh"}
OBJECT = 'kind="PostureTarget",namespace="security",name="organization"'
OBJECT_LABELS = {"kind": "PostureTarget", "namespace": "security", "name": "organization"}
BUILD = "posture_build_info{version='1',python_version='3.11'," + POD + "}"


def condition(kind: str, status: str, about: str = OBJECT) -> str:
    return f'posture_condition{{{about},type="{kind}",status="{status}"}}'


FINDINGS = f'posture_findings{{{TARGET},product="Security Hub"'
CANDIDATES = f'posture_remediation_candidates{{{RULE},target="organization"'
ENDED = f'posture_remediations_total{{{RULE},action="sg"'
HUB_NAME = "111122223333/eu-west-1"
ORGANIZATION = "security/organization"
FIVE = 5
