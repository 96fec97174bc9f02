"""What a hub says of its standards: which controls each has, which of them are on, how they are numbered."""

from collections.abc import Mapping
from typing import NamedTuple

AWS = "AWS"
"""`Provider` of a standard about AWS, and of one that does not say (API reference, Standard)."""


class ControlAssociation(NamedTuple):
    """A security control in one standard, in the hub's own account and Region.

    `id`: as AWS spells it (`CloudTrail.4`). `enabled`: the association status. `numbers`: the standard's own
    numbers for it (`1.10`, `PCI.EC2.2`; from StandardsControlArns), as classic findings name it.
    """

    id: str
    enabled: bool
    numbers: tuple[str, ...] = ()


class Standard(NamedTuple):
    """A standard that is enabled in the hub. `name` is the spec's spelling, `arn` is AWS's.

    `controls` is keyed by the upper-cased security control id. `complete` is False where the reader may not
    list the controls or their associations: then a control is enabled while it has findings, and an expected
    score does not exist. `status`: StandardsStatus of GetEnabledStandards (`READY`, `PENDING`, …).
    `provider`: the cloud whose resources it is about; Security Hub has standards for others than AWS too.
    `reason`: StatusReasonCode, why it is INCOMPLETE or FAILED; empty where nothing is said.
    """

    name: str
    arn: str
    controls: Mapping[str, ControlAssociation]
    complete: bool = True
    status: str = "READY"
    provider: str = AWS
    reason: str = ""

    @property
    def of_aws(self) -> bool:
        """Whether it is about AWS: `*` means no others."""
        return self.provider == AWS
