"""Targets that are scored by rules of AWS Config, as a user has them."""

from fractions import Fraction

import pytest

from sandbox.cloud import Cloud
from tests.support.e2e.exceptions import allow, in_effect, policy
from tests.support.e2e.stage import ORGANIZATION, Stage
from tests.support.oracle.config_rules import ScopeAnswer, TrueRule, answers

PACK = "OrgConformsPack-baseline-a1b2c3d4"
RULES = ["s3-bucket-versioning-enabled", "iam-user-mfa-enabled", "ec2-imdsv2-check", "rds-storage-encrypted"]
ACCOUNTS = [each.id for each in ORGANIZATION.accounts()]
HOME = ORGANIZATION.regions[0]
STANDARD = f"conformance-pack/{PACK}"
SOURCE = {"conformancePacks": {"names": [PACK], "aggregator": "org"}}


def seed(cloud: Cloud) -> None:
    """A pack in each account, a rule that is in none, and one rule that fails in one account."""
    cloud.control.seed(
        {
            **ORGANIZATION.seed(),
            "config": {
                "aggregators": [{"name": "org", "account": ORGANIZATION.administrator, "region": HOME}],
                "packs": [{"name": PACK, "rules": RULES}],
                "rules": ["my-rule-1"],
                "failing": 0.1,
                "without_results": 0.2,
            },
        }
    )


def right(cloud: Cloud, lifted: str = "") -> ScopeAnswer:
    """What the score of the pack is; `lifted`: a rule by its whole name."""
    found = []
    for account in ACCOUNTS:
        for name, rule in cloud.config.rules(account, HOME).items():
            said = {each["compliance"] for each in rule["resources"]}
            states = ("NON_COMPLIANT", "COMPLIANT")
            state = next((each for each in states if each in said), "INSUFFICIENT_DATA")
            bare = name.partition("-conformance-pack-")[0]
            found.append(TrueRule(account, HOME, rule["pack"] or "", bare, state, name == lifted))
    return answers(found, standards={STANDARD: None}, accounts=ACCOUNTS)[STANDARD]


@pytest.mark.timeout(300)
def test_a_pack_is_scored_a_suppression_lifts_a_rule_and_a_gap_hides_the_score(
    stage: Stage, cloud: Cloud
) -> None:
    seed(cloud)
    account = ACCOUNTS[-1]
    for each in ACCOUNTS:
        for rule in RULES:
            state = "NON_COMPLIANT" if (each, rule) == (account, RULES[0]) else "COMPLIANT"
            state = "INSUFFICIENT_DATA" if rule == RULES[3] else state
            cloud.config.set_rule(each, HOME, cloud.config.rule_of_pack(each, HOME, PACK, rule), state)
    failing = cloud.config.rule_of_pack(account, HOME, PACK, RULES[0])
    before = right(cloud)
    assert before == ScopeAnswer((2, 3), (2, 3), (3, 4))
    allow(stage)
    stage.target("packs", source=SOURCE)
    stage.target("rules", source={"configRules": {"names": ["my-rule-1"], "aggregator": "org"}})
    operator = stage.operator()
    for name in ("packs", "rules"):
        operator.wait(lambda name=name: stage.is_current(name), f"the score of {name}", seconds=60)  # type: ignore[misc] # bound at once

    def ratio(family: str, **labels: str) -> Fraction | None:
        value = operator.value(f"posture_{family}_score_ratio", target="packs", **labels)
        return None if value is None else Fraction(value).limit_denominator(100)

    assert ratio("target") == ratio("standard", standard=STANDARD) == Fraction(2, 3)
    assert ratio("standard_expected_controls", standard=STANDARD) == Fraction(3, 4)
    assert ratio("account", standard=STANDARD, account_id=account) == Fraction(2, 3)
    status = stage.status("packs")
    assert (status["score"], status["passed"], status["scored"]) == (67, 2, 3)
    assert [each["standard"] for each in status["standards"]] == [STANDARD]
    assert status["accounts"]["reporting"] == len(ACCOUNTS)
    assert stage.condition("Ready", "packs")["reason"] == "ConfigAnswers"
    assert stage.status("rules")["standards"][0]["standard"] == "config-rules"

    match = [{"products": ["Config"], "titles": [failing], "accounts": [account]}]
    policy(stage, match=match, targetRef={"name": "packs"})
    operator.wait(lambda: in_effect(stage), "the policy to be in effect", seconds=60)
    operator.wait(lambda: ratio("target") == 1, "the rule to be lifted", seconds=60)
    after = right(cloud, failing)
    assert (stage.status("packs")["score"], after.aws) == (100, (3, 3))
    assert ratio("target_unsuppressed") == Fraction(2, 3)

    cloud.config.source("org", account, HOME, "FAILED", code="AccessDenied")
    operator.wait(
        lambda: stage.condition("ScoreCurrent", "packs")["reason"] == "AggregatorIncomplete",
        "the gap to be told",
        seconds=60,
    )
    message = stage.condition("ScoreCurrent", "packs")["message"]
    assert f"{account} ({HOME})" in message
    assert "spec.accounts.exclude" in message
    assert ratio("target") is None
    assert ratio("account", standard=STANDARD, account_id=account) is None
    assert ratio("account", standard=STANDARD, account_id=ACCOUNTS[0]) == 1
    assert "score" not in stage.status("packs")
    stage.target("packs", source=SOURCE, accounts={"exclude": [account]})
    operator.wait(lambda: stage.is_current("packs"), "the score without that account", seconds=60)
    assert ratio("target") == 1
