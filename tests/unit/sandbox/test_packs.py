"""The conformance packs of the simulated organization: what its hub and its Config are told fits together."""

import json
from datetime import UTC, datetime

from sandbox.config.rules import COMPLIANT, NON_COMPLIANT, OWN_PREFIX
from sandbox.organization import Organization
from sandbox.organization.packs import AGGREGATOR, ALONE, DELETED, RULES
from sandbox.securityhub.clock import parse_timestamp
from sandbox.securityhub.emulator import Emulator
from sandbox.securityhub.seed import apply_seed, seed_of

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
PACKS = ("OrgConformsPack-baseline-a1b2c3d4", "OrgConformsPack-storage-b2c3d4e5")
WITH = Organization(now=NOW, account_count=6, packs=PACKS, pack_rules=20)


def test_without_packs_everything_is_as_it_was() -> None:
    plain = Organization(now=NOW, account_count=6)
    assert plain.config() is None
    others = [finding for finding in WITH.findings() if b'product/aws/config"' not in finding]
    assert others == list(plain.findings())


def test_findings_of_config_are_of_rules_that_there_are_and_of_what_these_say() -> None:
    emulator = Emulator()
    apply_seed(emulator, seed_of(json.loads(json.dumps(WITH.seed()))))
    sent = [json.loads(each) for each in WITH.findings()]
    sent = [each for each in sent if each["ProductName"] == "Config"]
    compliance = {"FAILED": NON_COMPLIANT, "PASSED": COMPLIANT}
    for finding in sent:
        found = emulator.config.find(finding["AwsAccountId"], finding["Region"], finding["Title"])
        assert found is not None
        rules, index = found
        assert compliance[finding["Compliance"]["Status"]] in {
            each.compliance for each in rules.evaluations(index, collected=True)
        }
    assert {each["Compliance"]["Status"] for each in sent} == {"FAILED", "PASSED"}
    assert {each["Workflow"]["Status"] for each in sent} == {"NEW", "RESOLVED", "SUPPRESSED"}
    assert len({each["Id"] for each in sent}) == len(sent) > 100
    assert not any(each["Title"].startswith(OWN_PREFIX) for each in sent)
    ages = [NOW.timestamp() * 1e6 - (parse_timestamp(each["UpdatedAt"]) or 0) for each in sent]
    assert max(ages) > 30 * 86_400 * 1e6
    emulator.close()


def test_packs_are_in_every_account_and_region_and_share_rules() -> None:
    emulator = Emulator()
    apply_seed(emulator, seed_of(json.loads(json.dumps(WITH.seed()))))
    for account in WITH.accounts():
        for region in WITH.regions:
            sets = emulator.config.places[account.id, region]
            named = {each.pack.name: each for each in sets if each.pack}
            assert named.keys() == {*PACKS, DELETED}
            assert named[DELETED].deleted
            first, second = (set(named[name].names) for name in PACKS)
            assert len(first) == len(second) == 20
            assert 0 < len(first & second) < 20
    states = b"".join(bytes(each.collected) for sets in emulator.config.places.values() for each in sets)
    assert all(states.count(state) > len(states) / 50 for state in range(3))
    assert [key[2] for key in emulator.config.aggregators] == [AGGREGATOR]
    assert len(set(RULES)) == len(RULES) == 40
    assert not {*ALONE} & {*RULES}
    emulator.close()
