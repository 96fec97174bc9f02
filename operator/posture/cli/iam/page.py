"""The page about IAM: what each role is for and may do; and the example that the templates are made of."""

import json
from collections.abc import Sequence

import yaml

from posture.cli.iam.documents import Cluster, policies
from posture.cli.iam.roles import IamRole, roles
from posture.cli.iam.templates import Roles
from posture.config.model import Config
from posture.domain.arns import role_arn

OPERATOR = role_arn("aws", "111122223333", "posture-operator")
_CLUSTER = Cluster(None, "posture/posture-posture-operator")

EXAMPLE = """\
grants:
- namespaces: [security]
  roleArns: ["arn:aws:iam::111122223333:role/posture-reader"]
  accounts: ["*"]
  verbs: [Score, Suppress, DisableControls, Remediate]
  queues: ["arn:aws:sqs:*:111122223333:posture-*"]
  disableControls: {roleNames: [posture-controls]}
  remediation: {roleNames: [posture-remediation], maxMode: Enforce, builtins: ["*"]}
outputs:
  cloudWatch:
  - {name: posture-metrics, region: eu-west-1, roleArn: "arn:aws:iam::111122223333:role/posture-metrics"}
"""
"""The configuration of the page and of the templates: everything is granted."""

_SCORE = """\
grants:
- namespaces: [security]
  roleArns: ["arn:aws:iam::111122223333:role/posture-reader"]
  accounts: ["*"]
  verbs: [Score]
"""

_TEXT = """\
# IAM

Made by `make generate`. `posture iam` prints what your own grants need, no more:

```console
$ posture iam --config posture.yaml                      # JSON
$ posture iam --config posture.yaml -o cloudformation    # one template, for stacks and stack sets
$ posture iam --config posture.yaml -o terraform         # one module, applied with a provider of each account
```

| role | where | named by |
|---|---|---|
| `posture-operator`: the pod has it, and assumes the others | the operator's account | `--operator-role` |
| `posture-reader`: reads findings, changes their workflow | the administrator of Security Hub | `roleArns` |
| `posture-metrics`: puts metrics into CloudWatch | where they are to be | `outputs.cloudWatch` |
| `posture-snapshots`: keeps [copies of stores](../snapshots.md) | that of the bucket | `snapshots.roleArn` |
| `posture-controls`: turns controls off and on | each account that is granted | `disableControls.roleNames` |
| `posture-remediation`: what the actions declare | each account that is granted | `remediation.roleNames` |

The names are yours; these are the usual ones. Each role but the first trusts the operator's by
`aws:PrincipalArn`, so the order in which they are made does not matter, and asks for the external id where
its grant has one. External ids are not printed: a template has a parameter for each. With `maxMode: DryRun`
a role in a member can only read.

`ReadOrganization` is for targets with `grouping.organizationTags`, and for actions that accounts opt out of
by tags: leave it out where there are none. Organizations answers its management account, and accounts that
administer a service for it, nobody else. A target can name a role of its own for it
(`organizationTags.roleArn`), which is granted by `roleArns` too.

`ReadConfig` is for targets with `source.conformancePacks` or `source.configRules`, and printed with
`--read-config`. What an aggregator has collected is read as the target's role, in its account and Region.

`ReadEvents` is for targets with `aws.events`: [events](../events.md). A queue that is encrypted with a key of
your own needs `kms:Decrypt` in the key's policy, too.

A stack set reaches no management account: deploy a stack there. Roles are of no Region: deploy to one Region
of each account. What a service control policy denies is denied, whatever a role is allowed.

## Ready-made
[posture.yaml](../../deploy/iam/posture.yaml) (CloudFormation) and [posture.tf](../../deploy/iam/posture.tf)
(Terraform) are of this configuration, in which everything is granted, with `--read-config`; put in your own
account instead of 111122223333:

```yaml
"""


def page() -> str:
    """Return the page in Markdown."""
    text = f"{_TEXT}{EXAMPLE}```\n"
    text += "\n## Scores alone\n\n" + _section(_of(_SCORE)[1:])
    text += "\n## Everything\n\n" + _section(_of(EXAMPLE, reads_config=True))
    return text + "\nEach builtin action by itself: [its page](../remediation/README.md), under Rights.\n"


def example() -> Roles:
    """Return the roles of the example."""
    return Roles(_of(EXAMPLE, reads_config=True), OPERATOR, _CLUSTER)


def _of(configuration: str, *, reads_config: bool = False) -> list[IamRole]:
    config = Config.model_validate(yaml.safe_load(configuration))
    outputs, snapshots = config.outputs.cloud_watch, config.snapshots
    return roles(config.grants, OPERATOR, outputs, snapshots, reads_config=reads_config)


def _section(found: Sequence[IamRole]) -> str:
    text = ""
    for role in found:
        trust = Roles(found, OPERATOR, _CLUSTER).trust(role)
        text += f"### {role.name}\n\nTrusts:\n\n{_block(trust)}\nMay:\n\n"
        text += "\n".join(_block(each) for each in policies(role)) + "\n"
    return text.rstrip("\n") + "\n"


def _block(document: object) -> str:
    return f"```json\n{json.dumps(document, indent=2)}\n```\n"
