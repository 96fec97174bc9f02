"""What the configuration file grants: who may use which roles, accounts, queues and actions."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, StrictBool

from posture.api.model import Spec
from posture.api.patterns import compile_pattern
from posture.api.shapes import Shape
from posture.api.types import (
    AccountGlob,
    TagKey,
    TagValue,
)
from posture.domain import grants as domain
from posture.domain.arns import QUEUE_ARN_GLOB, ROLE_ARN_GLOB, ROLE_NAME_GLOB
from posture.domain.grants import Mode, Verb


def _expression(text: str) -> str:
    try:
        compile_pattern(text)
    except ValueError as error:
        raise ValueError(
            f"write a regular expression (RE2: no look-around, no back-references): {error}"
        ) from None
    return text


Name = Annotated[str, Shape("", "write a name", 200)]
NamespaceGlob = Annotated[
    str, Shape(r"[a-z0-9*?-]+", "write the name of a namespace or a glob such as team-*", 63)
]
RoleArnGlob = Annotated[
    str,
    Shape(
        ROLE_ARN_GLOB,
        "write a role's ARN or a glob such as arn:aws:iam::*:role/posture-* (* stops at : and at /)",
        600,
    ),
]
QueueArnGlob = Annotated[
    str,
    Shape(
        QUEUE_ARN_GLOB,
        "write a queue's ARN or a glob such as arn:aws:sqs:*:111122223333:posture-* (* stops at :)",
        200,
    ),
]
RoleNameGlob = Annotated[
    str,
    Shape(ROLE_NAME_GLOB, "write the name of a role, not its ARN, or a glob such as posture-*", 64),
]
Expression = Annotated[str, AfterValidator(_expression)]


class DisableControlsGrant(Spec):
    """How controls may be turned off."""

    role_names: tuple[RoleNameGlob, ...] = ()


class DocumentGrant(Spec):
    """An SSM document that may be run, and what its parameters may be."""

    name: Name
    owner: Name
    parameters: Mapping[str, Expression] = {}


class RemediationGrant(Spec):
    """How remediation may be done."""

    role_names: tuple[RoleNameGlob, ...] = ()
    max_mode: Mode | None = None
    builtins: tuple[Name, ...] = ()
    documents: tuple[DocumentGrant, ...] = ()


class Grant(Spec):
    """Whoever is in these namespaces may, as these identities, do these things to these accounts."""

    namespaces: tuple[NamespaceGlob, ...] = ()
    ambient_identity: StrictBool = False
    role_arns: tuple[RoleArnGlob, ...] = ()
    external_id: str | None = Field(None, min_length=1, max_length=1224, repr=False)
    accounts: tuple[AccountGlob, ...] = ()
    verbs: frozenset[Verb] = frozenset()
    queues: tuple[QueueArnGlob, ...] = ()
    disable_controls: DisableControlsGrant = DisableControlsGrant()
    remediation: RemediationGrant = RemediationGrant()

    def plain(self) -> domain.Grant:
        """Give the grant as the rules take it."""
        remediation = domain.RemediationGrant(
            role_names=self.remediation.role_names,
            max_mode=self.remediation.max_mode,
            builtins=self.remediation.builtins,
            documents=tuple(
                domain.DocumentGrant(
                    each.name,
                    each.owner,
                    {name: compile_pattern(text) for name, text in each.parameters.items()},
                )
                for each in self.remediation.documents
            ),
        )
        return domain.Grant(
            namespaces=self.namespaces,
            ambient_identity=self.ambient_identity,
            role_arns=self.role_arns,
            external_id=self.external_id,
            accounts=self.accounts,
            verbs=self.verbs,
            queues=self.queues,
            disable_controls_role_names=self.disable_controls.role_names,
            remediation=remediation,
        )


class OptOutTag(Spec):
    """A tag that keeps a resource from being touched; no values: any value does."""

    key: TagKey
    values: tuple[TagValue, ...] = ()


class BreakGlass(Spec):
    """Who is never touched: whom people reach for when nothing else works."""

    iam_users: tuple[Annotated[str, Shape("", "write the name of a user or a glob", 128)], ...] = ()
