"""The kinds as JSON schemas, for editors and for tools that check manifests without a cluster."""

import json
from collections.abc import Mapping
from typing import Any

from posture.api.crds import documents

_METADATA = {"type": "object"}


def schemas() -> dict[str, str]:
    """Give the schemas by file name: `posturetarget_v1alpha1.json`, in the folder of their group.

    That is the layout in which kubeconform looks for them, with `{{.Group}}/` before the kind. CEL rules are
    not in them: no such tool knows those. `posture validate` does.
    """
    found = {}
    for document in documents():
        group, kind = document["spec"]["group"], document["spec"]["names"]["kind"]
        for version in document["spec"]["versions"]:
            schema = _strict(version["schema"]["openAPIV3Schema"])
            schema["$schema"] = "http://json-schema.org/draft-07/schema#"
            schema["properties"] |= {
                "apiVersion": {"type": "string", "const": f"{group}/{version['name']}"},
                "kind": {"type": "string", "const": kind},
                "metadata": _METADATA,
            }
            schema["required"] = sorted({"apiVersion", "kind", "metadata", *schema.get("required", ())})
            name = f"{group}/{kind.lower()}_{version['name']}.json"
            found[name] = json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    return found


def _strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema without what only Kubernetes knows, that refuses fields which it does not name."""
    made = {key: value for key, value in schema.items() if not key.startswith("x-kubernetes-")}
    if "properties" in made:
        made["properties"] = {name: _strict(each) for name, each in made["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            made["additionalProperties"] = False
    for key in ("items", "additionalProperties"):
        if isinstance(made.get(key), dict):
            made[key] = _strict(made[key])
    return made
