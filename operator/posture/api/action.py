"""What a remediation does: an action of the operator's own, or an SSM Automation document."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from posture.api.model import Spec
from posture.api.shapes import CelRule, Shape, exactly_one, fixed_choice
from posture.api.types import bounded

_CHOICES = ("builtin", "ssmAutomation")

ActionName = Annotated[
    str,
    Shape(
        r"[a-z0-9]+(?:-[a-z0-9]+)*",
        "write the name of a builtin action such as s3-account-block-public-access",
        63,
    ),
]
# SSM API reference, StartAutomationExecution: a name, or the ARN of a shared document.
DocumentName = Annotated[
    str,
    Shape(
        r"[A-Za-z0-9_.:/-]{3,128}",
        "write the name of an SSM Automation document such as AWS-DisablePublicAccessForSecurityGroup",
        128,
    ),
]
ParameterName = Annotated[str, Shape("", "write the name of a parameter, up to 64 characters", 64)]
ParameterValue = Annotated[str, Shape("", "write up to 1024 characters", 1024, least=0)]


class Builtin(Spec):
    """An action of the operator's own."""

    name: ActionName = Field(description="Name of the action, such as `s3-account-block-public-access`.")
    parameters: Annotated[Mapping[ParameterName, ParameterValue], Field(max_length=50)] = Field(
        {}, description="Parameters of the action."
    )


class SsmAutomation(Spec):
    """An SSM Automation document that is run in the resource's account and Region."""

    document: DocumentName = Field(description="Name of the document; it must be granted.")
    parameters: Annotated[
        Mapping[ParameterName, Annotated[tuple[ParameterValue, ...], bounded(50)]],
        Field(max_length=50),
    ] = Field(
        {}, description="Parameters, each a list; `{{ resource.name }}` stands for the resource's name."
    )


class Action(Spec):
    """What is done: exactly one of these. The choice is immutable."""

    rules: ClassVar[tuple[CelRule, ...]] = (exactly_one(*_CHOICES), fixed_choice(*_CHOICES))

    builtin: Builtin | None = Field(None, description="An action of the operator's own.")
    ssm_automation: SsmAutomation | None = Field(None, description="An SSM Automation document.")
