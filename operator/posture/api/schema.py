"""Pydantic's JSON schema, made into the structural schema that the API server takes in a CRD.

The API server refuses `$ref`, `anyOf` with null, `const`, `additionalProperties: false` beside properties and
untyped fields (Kubernetes: "Extend the Kubernetes API with CustomResourceDefinitions", structural schemas).
"""

import json
from typing import Any

from pydantic import BaseModel

from posture.api.shapes import RULES

_DROPPED = {"title", "$defs", "discriminator", "examples"}
_Schema = dict[str, Any]


def structural(model: type[BaseModel]) -> _Schema:
    """Give the structural schema of a model, with references put in place and defaults for the API server.

    Raises ValueError for what a CRD cannot say.
    """
    document = model.model_json_schema(by_alias=True, mode="validation")
    schema = _convert(document, document.get("$defs", {}))
    # Written out and read again, so that no two places share an object: YAML would show that.
    converted: _Schema = json.loads(json.dumps(schema))
    return converted


def _convert(node: _Schema, definitions: dict[str, _Schema]) -> _Schema:
    node = _in_place(node, definitions)
    schema: _Schema = {key: value for key, value in node.items() if key not in _DROPPED}
    if schema.get("additionalProperties") is False:
        del schema["additionalProperties"]
    if "const" in schema:
        schema["enum"] = [schema.pop("const")]
    if "properties" in schema:
        schema["properties"] = {
            name: _convert(sub, definitions) for name, sub in schema["properties"].items()
        }
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            schema[key] = _convert(schema[key], definitions)
    if schema.get("uniqueItems"):
        del schema["uniqueItems"]
        schema["x-kubernetes-list-type"] = "set"
    if "propertyNames" in schema:
        schema[RULES] = [*schema.get(RULES, []), _short_keys(schema.pop("propertyNames"))]
    if "default" in schema:
        schema = _with_default(schema)
    if "type" not in schema:
        raise ValueError(f"a CRD needs a type here: {schema}")
    return schema


def _in_place(node: _Schema, definitions: dict[str, _Schema]) -> _Schema:
    """Put definitions in the place of references, and make `X or null` an optional X: absence says null."""
    if "$ref" in node:
        return _in_place(
            _beside(node, "$ref", definitions[node["$ref"].removeprefix("#/$defs/")]), definitions
        )
    if "anyOf" in node:
        choices = [choice for choice in node["anyOf"] if choice != {"type": "null"}]
        if len(choices) != 1:
            raise ValueError(f"a CRD cannot say one of several types: {node}")
        return _in_place(_beside(node, "anyOf", choices[0]), definitions)
    return node


def _beside(node: _Schema, key: str, target: _Schema) -> _Schema:
    """Replace a key by the schema that it stands for; what stands beside it wins, rules add up."""
    beside = {name: value for name, value in node.items() if name != key}
    merged = {**target, **beside}
    rules = target.get(RULES, []) + beside.get(RULES, [])
    return {**merged, RULES: rules} if rules else merged


def _short_keys(names: _Schema) -> _Schema:
    """Make the rule for the keys of a map, of which a CRD cannot say more than how many there are."""
    most = names["maxLength"]
    return {
        "rule": f"self.all(key, key.size() > 0 && key.size() <= {most})",
        "message": f"write keys of 1 to {most} characters",
    }


def _with_default(schema: _Schema) -> _Schema:
    """Keep a default that says something; that of an object is `{}`: the defaults of its fields speak."""
    default = schema.pop("default")
    if default is None or default == []:
        return schema
    if isinstance(default, dict):
        return {**schema, "default": {}} if "properties" in schema else schema
    return {**schema, "default": default}
