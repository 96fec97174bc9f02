"""What is known of a hub in an account, where a test asks for nothing in particular."""

from typing import Any

from posture.aws.securityhub.discovery import HubFacts
from posture.domain.standards import Standard

ACCOUNT = "111122223333"


def facts(*standards: Standard, **known: Any) -> HubFacts:
    """Return a hub with these standards and no members; `known`: what is otherwise."""
    anything: dict[str, Any] = {
        "account_id": ACCOUNT,
        "region": "eu-west-1",
        "administrator": True,
        "administrator_id": None,
        "aggregation_region": None,
        "finding_format": "SECURITY_CONTROL",
        "standards": standards,
        "members": {},
        "central_configuration": None,
        "missing": (),
        "partition": "aws",
    }
    return HubFacts(**{**anything, **known})
