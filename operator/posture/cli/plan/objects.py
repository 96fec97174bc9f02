"""What is declared: objects of files, alone or laid over those of the cluster, and what they may do."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from posture.api.admission import without_nulls
from posture.api.remediation_rule import MemberIdentity
from posture.api.suppression_policy import DisableControls
from posture.cli.validate.manifests import Manifest
from posture.config.grants import DisableControlsGrant, DocumentGrant, Grant, RemediationGrant
from posture.config.model import Config
from posture.domain.grants import Mode, Verb
from posture.kube.resources import Object, name_of

_DISABLING: str = DisableControls.model_fields["role_name"].default
Key = tuple[str, str]
"""Kind, and namespace/name."""


def object_key(document: Object) -> Key:
    """Return what an object is called."""
    return document["kind"], name_of(document)


def object_of(manifest: Manifest, namespace: str, now: str) -> Object:
    """Return an object as the API server would give it once it was made now, in RFC 3339."""
    content: dict[str, Any] = without_nulls(dict(manifest.content))
    given = content["metadata"]
    # The API server decides on the rest, whatever a file says.
    metadata = {"namespace": namespace, **given, "generation": 1, "creationTimestamp": now}
    kept = ("name", "namespace", "generation", "creationTimestamp", "labels", "annotations")
    named = {field: metadata[field] for field in kept if field in metadata}
    # Whatever the API server will call it, nothing is called so yet.
    uid = f"{manifest.kind}/{metadata['namespace']}/{metadata['name']}"
    return {
        "apiVersion": content["apiVersion"],
        "kind": manifest.kind,
        "metadata": {**named, "uid": uid},
        "spec": content.get("spec", {}),
    }


def laid_over(cluster: Iterable[Object], files: Iterable[Object]) -> list[Object]:
    """Return the cluster's objects with those of files in the place of the ones of the same name.

    They stay the same objects: of them the uid, the finalizers and the status are the cluster's.
    """
    found = {object_key(each): each for each in cluster}
    for each in files:
        found[object_key(each)] = _applied(found.get(object_key(each)), each)
    return list(found.values())


def _applied(there: Object | None, file: Object) -> Object:
    if there is None:
        return file
    metadata = dict(there["metadata"])
    for field in ("labels", "annotations"):
        if added := file["metadata"].get(field):
            metadata[field] = {**metadata.get(field, {}), **added}
    if there.get("spec") != file["spec"]:
        metadata["generation"] = int(metadata.get("generation", 0)) + 1
    return {**there, "metadata": metadata, "spec": file["spec"]}


def all_granted(objects: Sequence[Object]) -> Config:
    """Return a configuration that grants what objects ask for, each namespace for itself, and no more.

    The owner of an SSM document is taken to be Amazon: who it is, only the document's account says.
    """
    by_namespace: dict[str, list[Object]] = {}
    for each in objects:
        by_namespace.setdefault(each["metadata"]["namespace"], []).append(each)
    return Config(grants=tuple(_grant(name, own) for name, own in sorted(by_namespace.items())))


def _grant(namespace: str, objects: Sequence[Object]) -> Grant:
    def said(*path: str) -> list[Any]:
        return list(dict.fromkeys(found for each in objects if (found := _at(each, path)) is not None))

    documents = [
        action
        for each in objects
        if isinstance(automation := _at(each, ("action", "ssmAutomation")), Mapping)
        for action in (automation, automation.get("undoDocument"))
        if isinstance(action, Mapping)
    ]
    return Grant(
        namespaces=(namespace,),
        ambient_identity=True,
        role_arns=tuple(said("aws", "roleArn")),
        accounts=("*",),
        verbs=frozenset(Verb),
        disable_controls=DisableControlsGrant(
            role_names=(
                DisableControls.model_fields["role_name"].default,
                *said("disableControls", "roleName"),
            )
        ),
        remediation=RemediationGrant(
            role_names=(MemberIdentity().role_name, *said("identity", "roleName")),
            max_mode=Mode.ENFORCE,
            builtins=("*",),
            documents=tuple(_document(each) for each in documents),
        ),
    )


def _at(document: Object, path: Sequence[str]) -> Any:  # noqa: ANN401 - JSON
    found: Any = document.get("spec")
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _document(said: Mapping[str, Any]) -> DocumentGrant:
    parameters = dict.fromkeys(said.get("parameters") or {}, "(?s).*")
    return DocumentGrant(name=said["document"], owner="Amazon", parameters=parameters)
