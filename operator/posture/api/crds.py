"""The CustomResourceDefinitions, made from the models."""

from typing import Any

from posture.api.remediation import Remediation
from posture.api.remediation_rule import RemediationRule
from posture.api.resource import GROUP, VERSION, Column, CustomResource
from posture.api.schema import structural
from posture.api.suppression_policy import SuppressionPolicy
from posture.api.targets.kind import PostureTarget

CATEGORY = "posture"
KINDS: tuple[type[CustomResource], ...] = (PostureTarget, SuppressionPolicy, RemediationRule, Remediation)


def documents() -> list[dict[str, Any]]:
    """Give the four CRDs as the API server takes them (`apiextensions.k8s.io/v1`)."""
    return [_document(kind) for kind in KINDS]


def _document(kind: type[CustomResource]) -> dict[str, Any]:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": kind.__name__,
                "listKind": f"{kind.__name__}List",
                "plural": kind.plural,
                "singular": kind.__name__.lower(),
                "shortNames": [kind.short_name],
                "categories": [CATEGORY],
            },
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [_column(column) for column in kind.columns],
                    "schema": {"openAPIV3Schema": kind_schema(kind)},
                }
            ],
        },
    }


def _column(column: Column) -> dict[str, Any]:
    document: dict[str, Any] = {"name": column.name, "type": column.type, "jsonPath": column.path}
    if column.description:
        document["description"] = column.description
    if column.wide:
        document["priority"] = 1
    return document


def kind_schema(kind: type[CustomResource]) -> dict[str, Any]:
    """Give the structural schema of a kind's whole object."""
    schema = structural(kind)
    properties = schema["properties"]
    return {
        **schema,
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            # The API server knows metadata by itself.
            "metadata": {"type": "object"},
            "spec": properties["spec"],
            "status": properties["status"],
        },
    }
