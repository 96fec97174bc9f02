"""The findings that the emulated Config sends to Security Hub."""

from sandbox.config.client import ConfigClient
from sandbox.config.rules import OWN_PREFIX
from sandbox.securityhub.background import BackgroundHub
from tests.support.emulated_config import ADMINISTRATOR, ALONE, AWAY, HOME, MEMBER, PACK, RULES, findings


def test_a_change_sends_a_finding_to_security_hub_and_a_suppression_survives(
    hub: BackgroundHub, config: ConfigClient
) -> None:
    rule = config.rule_of_pack(MEMBER, AWAY, PACK, RULES[0])
    bucket = {"type": "AWS::S3::Bucket", "id": "logs"}
    fine = {"type": "AWS::S3::Bucket", "id": "data", "compliance": "COMPLIANT"}
    assert config.set_rule(MEMBER, AWAY, rule, resources=[bucket, fine]) == 1
    (found,) = findings(hub)
    arn = found["GeneratorId"]
    assert arn.startswith(f"arn:aws:config:{AWAY}:{MEMBER}:config-rule/config-rule-")
    assert found["Id"].startswith(f"{arn}/finding/")
    assert len(found["Id"].rpartition("/")[2]) == 40
    assert found["ProductArn"] == f"arn:aws:securityhub:{AWAY}::product/aws/config"
    assert found["Title"] == rule
    assert found["ProductFields"]["aws/config/ConfigRuleName"] == rule
    assert found["ProductFields"]["aws/config/ConfigRuleArn"] == arn
    assert found["ProductFields"]["aws/config/ConfigComplianceType"] == "NON_COMPLIANT"
    assert found["Resources"][0]["Id"] == "arn:aws:s3:::logs"
    assert (found["Compliance"]["Status"], found["Workflow"]["Status"]) == ("FAILED", "NEW")
    assert config.set_rule(MEMBER, AWAY, rule, resources=[bucket, fine]) == 0
    hub.control.mutate({"op": "workflow", "id": found["Id"], "status": "SUPPRESSED"})
    hub.control.clock(advance=60)
    assert config.set_rule(MEMBER, AWAY, rule, resources=[{**bucket, "compliance": "COMPLIANT"}, fine]) == 1
    (passed,) = findings(hub)
    assert (passed["Compliance"]["Status"], passed["Workflow"]["Status"]) == ("PASSED", "SUPPRESSED")
    hub.control.mutate({"op": "workflow", "id": found["Id"], "status": "RESOLVED"})
    hub.control.clock(advance=60)
    assert config.set_rule(MEMBER, AWAY, rule, resources=[bucket, fine]) == 1
    (failed,) = findings(hub)
    assert (failed["Id"], failed["Workflow"]["Status"]) == (found["Id"], "NEW")
    hub.control.clock(advance=60)
    config.set_rule(MEMBER, AWAY, rule, resources=[fine])
    config.set_rule(MEMBER, AWAY, rule, resources=[{**bucket, "compliance": "COMPLIANT"}])
    assert [each["Workflow"]["Status"] for each in findings(hub)] == ["NEW"]


def test_a_finding_that_passes_is_resolved(hub: BackgroundHub, config: ConfigClient) -> None:
    config.set_rule(MEMBER, HOME, ALONE, "NON_COMPLIANT")
    assert {each["Workflow"]["Status"] for each in findings(hub)} == {"NEW"}
    hub.control.clock(advance=60)
    config.set_rule(MEMBER, HOME, ALONE, "COMPLIANT")
    assert {each["Workflow"]["Status"] for each in findings(hub)} == {"RESOLVED"}


def test_security_hubs_own_rules_and_hubs_that_are_off_have_no_findings(
    hub: BackgroundHub, config: ConfigClient
) -> None:
    own = next(name for name in config.rules(MEMBER, HOME) if name.startswith(OWN_PREFIX))
    assert config.set_rule(MEMBER, HOME, own, "NON_COMPLIANT") == 0
    hub.control.hub(MEMBER, HOME, enabled=False)
    assert config.set_rule(MEMBER, HOME, ALONE, "NON_COMPLIANT") == 0
    assert config.set_rule(ADMINISTRATOR, HOME, ALONE, "NON_COMPLIANT", findings=False) == 0
    assert findings(hub) == []
