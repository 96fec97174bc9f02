"""What a configuration file may say, and what is told of what it may not."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from posture.config.file import (
    ConfigError,
    ConfigFile,
    load,
)
from posture.config.model import Config, Writes
from posture.config.outputs import OutputQueue
from posture.domain.costs import Prices, Tier
from posture.domain.grants import (
    Builtin,
    Document,
    IdentityGrant,
    Mode,
    NotGranted,
    Verb,
    may_use_identity,
)
from posture.kube.lease_terms import LONGEST_LEASE
from tests.support.config_file import ACCOUNT, ROLE, WHOLE, written


def test_the_defaults_are_those_of_an_empty_file(path: Path) -> None:
    config = load(written(path, ""))
    assert config == Config() == ConfigFile.nothing_granted().current()
    assert config.writes is Writes.ENABLED
    assert not config.frozen
    assert config.owner_id is None
    assert config.granted == ()
    assert [(tag.key, tag.values) for tag in config.opt_out_tags] == [("posture.dev/remediation", ("off",))]
    assert config.quota_share == 0.8
    assert config.max_suppression_age == timedelta(hours=9600)
    assert not config.metrics.per_control
    assert [str(d) for d in (config.lease.duration, config.lease.renew_deadline, config.lease.retry)] == [
        "15s",
        "10s",
        "2s",
    ]


def test_the_longest_lease_is_one_that_candidates_wait_for(path: Path) -> None:
    config = load(written(path, "lease: {duration: 1h}"))
    assert config.lease.duration.total_seconds() == LONGEST_LEASE


def test_the_reference_shows_the_defaults_and_grants_that_are_taken(path: Path) -> None:
    page = Path(__file__).parents[3] / "docs" / "reference" / "configuration.md"
    defaults, outputs, example = re.findall(r"```yaml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    assert load(written(path, defaults)) == Config()
    assert set(yaml.safe_load(defaults)) == set(Config().model_dump(by_alias=True))
    (grant,) = load(written(path, example)).grants
    assert grant.model_fields_set == set(type(grant).model_fields)
    (output,) = load(written(path, outputs)).outputs.cloud_watch
    assert output.model_fields_set == set(type(output).model_fields)
    assert (output.max_metrics, output.metric_namespace) == (500, "SecurityPosture")
    assert output.max_queue == OutputQueue()


def test_the_whole_file_is_read(path: Path) -> None:
    config = load(written(path, WHOLE))
    assert config.frozen
    assert config.owner_id == "prod-eu"
    assert config.adopt_from == ("old-cluster",)
    assert config.quota_share == 1
    assert config.metrics.per_control
    assert config.prices.plain() == Prices((Tier(1000, 0.01), Tier(None, 0.005)), 1, 0, 1.5)
    (grant,) = config.granted
    assert grant.namespaces == ("security",)
    assert grant.external_id == "x"
    assert grant.verbs == frozenset(Verb)
    assert grant.disable_controls_role_names == ("posture-controls",)
    assert grant.remediation.max_mode is Mode.ENFORCE
    (document,) = grant.remediation.documents
    assert (document.name, document.owner, set(document.parameters)) == ("AWS-Close", "Amazon", {"GroupId"})
    fits = document.parameters["GroupId"].fullmatch
    assert [fits(each) is not None for each in ("sg-0a", "sg-0a\n", "xsg-0a")] == [True, False, False]


@pytest.mark.parametrize(
    "checks",
    [
        *(
            "[]",
            "[[1, 1]]",
            "[[2, 1], [1, 1], [null, 1]]",
            "[[1, 1], [1, 1], [null, 1]]",
            "[[null, 1], [null, 1]]",
        ),
        *("[[0, 1], [null, 1]]", "[[1.5, 1], [null, 1]]", "[[true, 1], [null, 1]]", "[[1, -1], [null, 1]]"),
        *("[[1, .nan], [null, 1]]", "[[1, .inf], [null, 1]]", "[[1, 1, 1], [null, 1]]", "[[1], [null, 1]]"),
    ],
)
def test_prices_that_are_no_tiers_are_refused(path: Path, checks: str) -> None:
    with pytest.raises(ConfigError, match=r"prices"):
        load(written(path, f"prices: {{checks: {checks}}}"))


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", "(.*)*b", "([a-z]+)*!"])
def test_an_expression_that_would_take_for_ever_elsewhere_comes_to_an_end(path: Path, pattern: str) -> None:
    """Python's own engine would not in this test's time, and holds up everybody meanwhile."""
    role = "arn:aws:iam::111122223333:role/r"
    document = {"name": "D", "owner": "Amazon", "parameters": {"P": pattern}}
    grant = {
        "namespaces": ["security"], "roleArns": [role], "accounts": ["*"], "verbs": ["Score", "Remediate"],
        "remediation": {"roleNames": ["r"], "maxMode": "Enforce", "documents": [document]},
    }  # fmt: skip
    config = load(written(path, yaml.safe_dump({"grants": [grant]})))
    identity = may_use_identity(config.granted, "security", role)
    assert isinstance(identity, IdentityGrant)
    action = Document("D", "Amazon", {"P": ["a" * 5000]})
    assert identity.why_not_remediate("111122223333", "r", Mode.ENFORCE, action)


def test_a_grant_that_says_nothing_grants_nothing(path: Path) -> None:
    (grant,) = load(written(path, "grants: [{}]")).granted
    assert (grant.namespaces, grant.role_arns, grant.accounts, grant.verbs) == ((), (), (), frozenset())
    assert not grant.ambient_identity
    assert grant.remediation.max_mode is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("grant: []", "grant: this operator does not know this field: check its spelling"),
        ("grants: [{roleARNs: []}]", "grants[0].roleARNs: this operator does not know this field"),
        ("grants:", "grants: write a list"),
        ("- a", "write fields, as in `name: value`"),
        (
            "maxSuppressionAge: 9600",
            "maxSuppressionAge: write a duration, with its unit, such as 90s, 5m or 24h",
        ),
        ("lease: {retry: 2}", "lease.retry: write a duration, with its unit"),
        ("text", "write fields"),
        ("writes: frozen", "writes: write 'Enabled' or 'Frozen'"),
        ("ownerId: a/b", "ownerId: write up to 63 of letters, digits"),
        ("ownerId: ''", "ownerId: write up to 63 of letters, digits"),
        ("grants: [{verbs: [Score, score]}]", "grants[0].verbs[1]: write 'Score', 'Suppress'"),
        ("grants: [{ambientIdentity: 'yes'}]", "grants[0].ambientIdentity: write true or false"),
        ("grants: [{roleArns: ['*']}]", "grants[0].roleArns[0]: write a role's ARN or a glob such as"),
        ("grants: [{roleArns: [posture]}]", "grants[0].roleArns[0]: write a role's ARN or a glob such as"),
        ("grants: [{accounts: [111122223333]}]", "grants[0].accounts[0]: write text, in quotes"),
        ("grants: [{accounts: ['1111']}]", "grants[0].accounts[0]: write the 12 digits of an account id"),
        ("grants: [{namespaces: [Team_A]}]", "grants[0].namespaces[0]: write the name of a namespace"),
        ("grants: [{namespaces: team-a}]", "grants[0].namespaces: write a list"),
        (
            "grants: [{disableControls: {roleNames: ['arn:aws:iam::111122223333:role/x']}}]",
            "grants[0].disableControls.roleNames[0]: write the name of a role, not its ARN",
        ),
        (
            "grants: [{remediation: {maxMode: On}}]",
            "grants[0].remediation.maxMode: write 'Enforce' or 'DryRun'",
        ),
        ("grants: [{remediation: {documents: [{name: a}]}}]", "documents[0].owner: this field is required"),
        (
            "grants: [{remediation: {documents: [{name: a, owner: b, parameters: {P: '('}}]}}]",
            "P: write a regular expression (RE2: no look-around, no back-references): missing ): (",
        ),
        # Python's own engine knows these.
        (
            "grants: [{remediation: {documents: [{name: a, owner: b, parameters: {P: '(?=a)a'}}]}}]",
            "grants[0].remediation.documents[0].parameters.P: write a regular expression (RE2",
        ),
        (
            "grants: [{remediation: {documents: [{name: a, owner: b, parameters: {P: '(a)\\1'}}]}}]",
            "grants[0].remediation.documents[0].parameters.P: write a regular expression (RE2",
        ),
        ("optOutTags: [{key: a, values: [off]}]", "optOutTags[0].values[0]: write text, in quotes"),
        ("quotaShare: 0", "quotaShare: write a number greater than 0"),
        ("quotaShare: 1.1", "quotaShare: write a number less than or equal to 1"),
        ("quotaShare: .nan", "quotaShare: write a finite number"),
        ("maxSuppressionAge: 400d", "maxSuppressionAge: '400d' is not a duration"),
        ("lease: {duration: 10s}", "lease: write a renewDeadline below duration"),
        ("lease: {renewDeadline: 2s}", "lease: write a retry below renewDeadline"),
        (
            "lease: {duration: 900ms, renewDeadline: 20ms, retry: 10ms}",
            "lease: write a duration of at least 1s",
        ),
        ("lease: {duration: 1h1ms}", "lease: write a duration of at most 1h"),
        ("outputs: {kafka: []}", "outputs.kafka: this operator does not know this field"),
        (
            "outputs: {splunk: [{name: a, url: 'https://s:8088'}]}",
            "splunk[0].tokenFile: this field is required",
        ),
        (
            "outputs: {splunk: [{name: a, tokenFile: /t, url: 'https://s:8088/services/collector'}]}",
            "outputs.splunk[0].url: write the address of the HTTP Event Collector without",
        ),
        (
            "outputs: {splunk: [{name: a, tokenFile: /t, url: 'https://u:p@s:8088'}]}",
            "outputs.splunk[0].url: write the address of the HTTP Event Collector without",
        ),
        (
            "outputs: {splunk: [{name: a, tokenFile: t, url: 'https://s:8088'}]}",
            "outputs.splunk[0].tokenFile: write the absolute path of a mounted file",
        ),
        (
            "outputs: {splunk: [{name: a, tokenFile: /t, url: 'https://s:8088', send: [Passwords]}]}",
            "outputs.splunk[0].send[0]: write 'Findings', 'Scores', 'Exceptions' or 'Remediations'",
        ),
        (
            "outputs: {splunk: [{name: a, tokenFile: /t, url: 'https://s', token: x}]}",
            "outputs.splunk[0].token: this operator does not know this field",
        ),
        (
            "outputs: {cloudWatch: [{name: a, region: eu-west-1}], splunk: [{name: a, tokenFile: /t, url: http://s}]}",
            "outputs: write a name once",
        ),
        (
            "outputs: {cloudWatch: [{name: a, region: eu-west-1, url: x}]}",
            "outputs.cloudWatch[0].url: this operator does not know this field",
        ),
        (
            "outputs: {cloudWatch: [{name: a, region: eu-west-1, metricNamespace: AWS/EC2}]}",
            "outputs.cloudWatch[0].metricNamespace: write up to 255 of letters",
        ),
        (
            "outputs: {cloudWatch: [{name: a, region: eu-west-1, metricNamespace: ':a'}]}",
            "outputs.cloudWatch[0].metricNamespace: write up to 255 of letters",
        ),
        (
            "outputs: {cloudWatch: [{name: a, region: eu-west-1, maxMetrics: 0}]}",
            "outputs.cloudWatch[0].maxMetrics:",
        ),
        (
            "outputs: {cloudWatch: [{name: a, region: eu-west-1, maxQueue: {age: 337h}}]}",
            "outputs.cloudWatch[0]: write a maxQueue.age of at most 336h",
        ),
        (
            "outputs: {cloudWatch: [{name: a, region: eu-west-1}, {name: a, region: eu-west-2}]}",
            "outputs: write a name once",
        ),
        (
            "grants: []\nwrites: Enabled\ngrants: []",
            "is not YAML: line 3, column 1: 'grants' is written twice",
        ),
        (
            "grants: [{accounts: ['*'], accounts: []}]",
            "is not YAML: line 1, column 28: 'accounts' is written twice",
        ),
        ("writes: [", "is not YAML:"),
        ("writes: !!python/object:posture.config.model.Config {}", "is not YAML:"),
        ("{[a]: b}", "is not YAML:"),
        ("1: 2", "Keys should be strings"),
    ],
)
def test_what_is_wrong_is_told_with_file_place_and_what_to_write(path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        load(written(path, text))
    assert problem in str(refusal.value)
    assert all(line.startswith(f"{path}: ") for line in str(refusal.value).splitlines()[:1])


def test_every_problem_is_told_at_once(path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        load(written(path, "quotaShare: 2\nwrites: on\nfoo: 1"))
    assert len(refusal.value.problems) == 3


def test_a_file_that_is_not_there_or_not_text_is_told(path: Path) -> None:
    with pytest.raises(ConfigError, match=r"config.yaml: cannot be read: No such file"):
        ConfigFile(path)
    path.write_bytes(b"\xff\xfe\x00\x01\x02")
    with pytest.raises(ConfigError, match=r"config.yaml: is not YAML"):
        ConfigFile(path)


def test_secrets_are_not_shown(path: Path) -> None:
    config = load(written(path, WHOLE.replace("externalId: x", "externalId: s3cr3t")))
    assert "s3cr3t" not in repr(config) + repr(config.granted)
    with pytest.raises(ConfigError) as refusal:
        load(written(path, "grants: [{externalId: [s3cr3t]}]"))
    assert "s3cr3t" not in str(refusal.value)


def test_the_line_of_a_refusal_grants_what_was_refused_when_it_is_pasted(path: Path) -> None:
    """From nothing, paste what each refusal says until there is none."""
    lines: list[str] = []

    def identity(role: str | None = ROLE) -> IdentityGrant | NotGranted:
        return may_use_identity(load(written(path, "grants:\n" + "\n".join(lines))).granted, "security", role)

    def accepted(answer: IdentityGrant | NotGranted) -> IdentityGrant:
        assert isinstance(answer, IdentityGrant)
        return answer

    document = Document("AWS-Close", "Amazon", {"GroupId": ["sg-1"]})
    lines.append("- {}")
    for role in (None, ROLE):
        refusal = identity(role)
        assert isinstance(refusal, NotGranted)
        assert refusal.line in refusal.advice
        lines.append(refusal.line)
        granted = accepted(identity(role))
        assert granted.why_not(Verb.SCORE, ACCOUNT) is None
    asked: list[Callable[[], NotGranted | None]] = [
        lambda: accepted(identity()).why_not(Verb.SUPPRESS, ACCOUNT),
        lambda: accepted(identity()).why_not_disable_controls(ACCOUNT, "posture-controls"),
        lambda: accepted(identity()).why_not_remediate(ACCOUNT, "r", Mode.DRY_RUN, Builtin("s3-block")),
        lambda: accepted(identity()).why_not_remediate(ACCOUNT, "r", Mode.ENFORCE, document),
    ]
    for ask in asked:
        for _ in range(2):
            again = ask()
            if again is not None:
                lines.append(again.line)
        assert ask() is None


def test_a_line_to_paste_is_one_line_of_yaml() -> None:
    refusal = may_use_identity((), "security", ROLE)
    assert isinstance(refusal, NotGranted)
    assert "\n" not in refusal.line
    assert yaml.safe_load(refusal.line) == [json.loads(refusal.line.removeprefix("- "))]


@pytest.mark.parametrize(
    ("url", "bucket", "at"),
    [
        ("s3://copies", "copies", ""),
        ("s3://copies/posture/eu/", "copies", "posture/eu"),
        ("file:///shared/posture", None, "/shared/posture"),
    ],
)
def test_where_snapshots_are_kept(path: Path, url: str, bucket: str | None, at: str) -> None:
    kept = load(written(path, f"snapshots: {{url: {url}}}")).snapshots
    assert kept is not None
    assert (kept.bucket, kept.path, str(kept.every), kept.keep) == (bucket, at, "1h", 2)


@pytest.mark.parametrize(
    "text",
    [
        "snapshots: {}",
        "snapshots: {url: /shared}",
        "snapshots: {url: 'file://host/shared'}",
        "snapshots: {url: 's3:///prefix'}",
        "snapshots: {url: 'file:///shared', kmsKeyId: key}",
        "snapshots: {url: 's3://copies', every: 10s}",
        "snapshots: {url: 's3://copies', keep: 0}",
    ],
)
def test_snapshots_that_cannot_be_kept_are_refused(path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="snapshots"):
        load(written(path, text))
