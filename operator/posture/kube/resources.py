"""Which Kubernetes resources the operator speaks of, and how one object is named."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from posture.api.resource import GROUP, VERSION

Object = dict[str, Any]
"""A Kubernetes object as JSON: `apiVersion`, `kind`, `metadata`, `spec`, `status`."""


class ApiResource(NamedTuple):
    """One resource of the API server, by the names that paths and RBAC use."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """What stands in `apiVersion`: `posture.dev/v1alpha1`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """The name kubectl and RBAC messages use: `posturetargets.posture.dev`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(
        self, namespace: str | None = None, name: str | None = None, subresource: str | None = None
    ) -> str:
        """Return the URL path of the collection (no name), of one object, or of its sub-resource."""
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if namespace is not None:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        parts += [part for part in (name, subresource) if part is not None]
        return "/" + "/".join(quote(part, safe="") for part in parts)


POSTURE_TARGETS = ApiResource(GROUP, VERSION, "posturetargets", "PostureTarget")
SUPPRESSION_POLICIES = ApiResource(GROUP, VERSION, "suppressionpolicies", "SuppressionPolicy")
REMEDIATION_RULES = ApiResource(GROUP, VERSION, "remediationrules", "RemediationRule")
REMEDIATIONS = ApiResource(GROUP, VERSION, "remediations", "Remediation")
LEASES = ApiResource("coordination.k8s.io", "v1", "leases", "Lease")
EVENTS = ApiResource("events.k8s.io", "v1", "events", "Event")
NAMESPACES = ApiResource("", "v1", "namespaces", "Namespace", namespaced=False)

KINDS: Mapping[str, ApiResource] = {
    resource.kind: resource
    for resource in (POSTURE_TARGETS, SUPPRESSION_POLICIES, REMEDIATION_RULES, REMEDIATIONS)
}
"""Our own kinds, by kind."""


class ObjectRef(NamedTuple):
    """One object and no other: the uid tells it from an earlier or later object of the same name."""

    resource: ApiResource
    namespace: str | None
    name: str
    uid: str

    @staticmethod
    def of(resource: ApiResource, obj: Mapping[str, Any]) -> "ObjectRef":
        """Return the reference of an object as the API server gave it."""
        metadata = obj["metadata"]
        return ObjectRef(resource, metadata.get("namespace"), metadata["name"], metadata["uid"])

    def __str__(self) -> str:
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.resource.kind} {place}"


def name_of(document: Object) -> str:
    """Return namespace/name of an object."""
    return f"{document['metadata']['namespace']}/{document['metadata']['name']}"


def target_name_of(document: Object) -> str:
    """Return namespace/name of the target that a policy refers to."""
    name = document.get("spec", {}).get("targetRef", {}).get("name", "")
    return f"{document['metadata']['namespace']}/{name}"
