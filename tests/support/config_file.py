"""A configuration file of a test."""

from pathlib import Path

ROLE = "arn:aws:iam::111122223333:role/posture-reader"
ACCOUNT = "444455556666"
WHOLE = """
writes: Frozen
ownerId: prod-eu
adoptFrom: [old-cluster]
grants:
- namespaces: [security]
  ambientIdentity: false
  roleArns: ["arn:aws:iam::111122223333:role/posture-*"]
  externalId: x
  accounts: ["*"]
  verbs: [Score, Suppress, DisableControls, Remediate]
  disableControls: {roleNames: [posture-controls]}
  remediation:
    roleNames: [posture-remediation]
    maxMode: Enforce
    builtins: ["*"]
    documents: [{name: AWS-Close, owner: Amazon, parameters: {GroupId: "^sg-[0-9a-f]+$"}}]
optOutTags: [{key: "posture.dev/remediation", values: ["off"]}, {key: keep}]
breakGlass: {iamUsers: [break-glass-*]}
quotaShare: 1
maxSuppressionAge: 2160h
metrics: {perControl: true}
lease: {duration: 30s, renewDeadline: 20s, retry: 5s}
minimums: {interval: 1m, fullSyncInterval: 2h, evaluationWindow: 25h}
outputs: {}
prices: {checks: [[1000, 0.01], [null, 0.005]], ingestion: {free: 1, each: 0}, checksPerDay: 1.5}
"""


def written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path
