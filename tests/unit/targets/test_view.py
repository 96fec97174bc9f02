"""What `*` stands for among the standards of a hub."""

from posture.api.targets.kind import PostureTargetSpec
from posture.domain.standards import Standard
from posture.reconcile.scope import Chosen, chosen_standards
from tests.support.hub_facts import facts

FSBP = "aws-foundational-security-best-practices/v/1.0.0"
CIS = "cis-aws-foundations-benchmark/v/1.4.0"
AZURE, GCP = "azure-best-practices/v/1.0.0", "gcp-best-practices/v/1.0.0"
HUB = facts(
    Standard(AZURE, "arn", {}, provider="Azure"),
    Standard(CIS, "arn", {}),
    Standard(FSBP, "arn", {}, provider="AWS"),
    Standard(GCP, "arn", {}, provider="GCP"),
)


def chosen(*standards: str) -> Chosen:
    spec = {"aws": {"region": "eu-west-1"}, "source": {"securityStandards": {"standards": standards}}}
    return chosen_standards(PostureTargetSpec.model_validate(spec), HUB)


def test_all_standards_are_those_of_aws() -> None:
    assert chosen("*") == Chosen((FSBP, CIS), ())


def test_a_standard_of_another_cloud_is_chosen_by_its_name() -> None:
    assert chosen(AZURE, FSBP, "pci-dss/v/4.0.1") == Chosen((AZURE, FSBP), ("pci-dss/v/4.0.1",))
