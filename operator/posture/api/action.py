"""What a remediation does: an action of the operator's own, or an SSM Automation document."""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from posture.api.durations import Duration
from posture.api.model import Spec
from posture.api.shapes import CelRule, Shape, exactly_one, fixed_choice
from posture.api.types import PacedDuration, bounded
from posture.domain.remediation.automation import MAX_VALUE, NAMES, UNDO_NAMES, AutomationSaid, DocumentSaid
from posture.domain.time import microseconds

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
# A number names one content for ever; what `$DEFAULT` or `$LATEST` names, its owner changes.
DocumentVersion = Annotated[
    str, Shape(r"[1-9][0-9]{0,8}", 'write the number of a version in quotes, such as "1"', 9)
]
ParameterName = Annotated[str, Shape("", "write the name of a parameter, up to 64 characters", 64)]
# SSM API reference: AutomationParameterKey, AutomationParameterValue.
DocumentParameterName = Annotated[
    str, Shape("", "write the name of a parameter of the document, up to 50 characters", 50)
]
ParameterValue = Annotated[str, Shape("", "write up to 1024 characters", 1024, least=0)]


def _template(names: Sequence[str]) -> Shape:
    """Make the shape of a text in which `{{` begins one of the names, and nothing else."""
    by_group: dict[str, list[str]] = {}
    for group, name in (each.split(".") for each in names):
        by_group.setdefault(group, []).append(name)
    known = "|".join(rf"{group}\.(?:{'|'.join(each)})" for group, each in by_group.items())
    return Shape(
        rf"(?:[^{{]|[{{][^{{]|[{{][{{] *(?:{known}) *[}}][}}])*[{{]?",
        f"write up to {MAX_VALUE} characters, and between {{{{ and }}}} one of {', '.join(names)}",
        MAX_VALUE,
    )


ParameterTemplate = Annotated[str, _template(NAMES)]
UndoParameterTemplate = Annotated[str, _template(UNDO_NAMES)]
# More would cost the API server more than it spends on one rule.
_MAX_PARAMETERS = 20
_values = bounded(50, least=1)


class Builtin(Spec):
    """An action of the operator's own."""

    name: ActionName = Field(description="Name of the action, such as `s3-account-block-public-access`.")
    parameters: Annotated[Mapping[ParameterName, ParameterValue], Field(max_length=50)] = Field(
        {}, description="Parameters of the action."
    )


class UndoDocument(Spec):
    """An SSM Automation document that takes back what another one did."""

    document: DocumentName = Field(description="Name of the document; it must be granted.")
    document_version: DocumentVersion = Field(description="Number of its version.")
    parameters: Annotated[
        Mapping[DocumentParameterName, Annotated[tuple[UndoParameterTemplate, ...], _values]],
        Field(max_length=_MAX_PARAMETERS),
    ] = Field(
        {}, description="Parameters, each a list; `{{ execution.id }}` stands for the run that is undone."
    )

    def plain(self) -> DocumentSaid:
        """Give the document as the rules take it."""
        return DocumentSaid(self.document, self.document_version, tuple(sorted(self.parameters.items())))


class SsmAutomation(Spec):
    """An SSM Automation document that is run in the resource's account and Region."""

    document: DocumentName = Field(description="Name of the document; it must be granted.")
    document_version: DocumentVersion = Field(
        description="Number of its version: what another version does was not declared."
    )
    parameters: Annotated[
        Mapping[DocumentParameterName, Annotated[tuple[ParameterTemplate, ...], _values]],
        Field(max_length=_MAX_PARAMETERS),
    ] = Field(
        {}, description="Parameters, each a list; `{{ resource.name }}` stands for the resource's name."
    )
    timeout: PacedDuration = Field(
        Duration("1h"), description="How long a run may take; one that takes longer is cancelled."
    )
    undo_document: UndoDocument | None = Field(
        None, description="Document that undoes a run. None: it cannot be undone."
    )

    def plain(self) -> AutomationSaid:
        """Give what is to be run as the rules take it."""
        document = DocumentSaid(self.document, self.document_version, tuple(sorted(self.parameters.items())))
        undo = None if self.undo_document is None else self.undo_document.plain()
        return AutomationSaid(document, microseconds(self.timeout), undo)


class RuleAction(Spec):
    """What is done: exactly one of these. The choice is immutable."""

    rules: ClassVar[tuple[CelRule, ...]] = (exactly_one(*_CHOICES), fixed_choice(*_CHOICES))

    builtin: Builtin | None = Field(None, description="An action of the operator's own.")
    ssm_automation: SsmAutomation | None = Field(None, description="An SSM Automation document.")
