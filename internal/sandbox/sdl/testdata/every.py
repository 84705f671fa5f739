"""Writes every.json.gz and every.graphql.gz beside this file.

They are a node schema with every attribute kind, a hierarchy, templates, files
and kinds of address space, and the GraphQL schema that Infrahub makes of it.
Needs the Python package infrahub-server (1.11.9), but no server and no database:

    python every.py
"""

import gzip
import json
import re
from pathlib import Path

from infrahub import config
from infrahub.api import schema as api
from infrahub.core.schema import GenericSchema, NodeSchema, ProfileSchema, SchemaRoot, TemplateSchema, core_models, internal_schema
from infrahub.core.schema.schema_branch import SchemaBranch
from infrahub.graphql.manager import GraphQLSchemaManager
from infrahub.types import ATTRIBUTE_TYPES
from graphql import print_schema


def attribute(kind):
    a = {"name": f"a_{kind.lower()}", "kind": kind, "optional": kind not in ("Text", "NumberPool")}
    if kind == "Dropdown":
        a["choices"] = [{"name": "a"}, {"name": "b"}]
    if kind == "NumberPool":
        a["read_only"] = True
    return a


USER = {
    "generics": [
        {"name": "Asset", "namespace": "Testing", "hierarchical": True, "attributes": [{"name": "tag", "kind": "Text", "optional": True}]},
        {
            "name": "Part",
            "namespace": "Testing",
            "attributes": [{"name": "name", "kind": "Text"}],
            "relationships": [{"name": "gadget", "peer": "TestingGadget", "kind": "Parent", "cardinality": "one", "optional": False}],
        },
    ],
    "nodes": [
        {
            "name": "Place",
            "namespace": "Testing",
            "inherit_from": ["TestingAsset"],
            "parent": "",
            "children": "TestingGadget",
            "generate_template": True,
            "attributes": [{"name": "name", "kind": "Text", "unique": True}],
        },
        {
            "name": "Gadget",
            "namespace": "Testing",
            "inherit_from": ["TestingAsset", "CoreArtifactTarget"],
            "parent": "TestingPlace",
            "generate_template": True,
            "human_friendly_id": ["a_text__value"],
            "display_label": "a_text__value",
            "attributes": [
                *(attribute(kind) for kind in ATTRIBUTE_TYPES),
                {"name": "rank", "kind": "Number", "enum": [1, 2], "optional": True},
                {
                    "name": "full",
                    "kind": "Text",
                    "read_only": True,
                    "optional": True,
                    "computed_attribute": {"kind": "Jinja2", "jinja2_template": "{{ a_text__value }}"},
                },
            ],
            "relationships": [
                {"name": "parts", "peer": "TestingPart", "kind": "Component", "cardinality": "many"},
                {"name": "picture", "peer": "TestingPicture", "kind": "Attribute", "cardinality": "one", "optional": True},
                {"name": "prefixes", "peer": "BuiltinIPPrefix", "kind": "Generic", "cardinality": "many"},
                {"name": "addresses", "peer": "BuiltinIPAddress", "kind": "Generic", "cardinality": "many", "read_only": True},
                {"name": "asset", "peer": "TestingAsset", "identifier": "gadget__asset", "cardinality": "one", "optional": True},
            ],
        },
        {
            "name": "Screw",
            "namespace": "Testing",
            "inherit_from": ["TestingPart"],
            "generate_template": True,
            "attributes": [{"name": "size", "kind": "Number", "optional": True}],
        },
        {
            "name": "Picture",
            "namespace": "Testing",
            "inherit_from": ["CoreFileObject"],
            "attributes": [{"name": "caption", "kind": "TextArea", "optional": True}],
        },
        {"name": "Network", "namespace": "Testing", "inherit_from": ["BuiltinIPPrefix"]},
        {"name": "Address", "namespace": "Testing", "inherit_from": ["BuiltinIPAddress"]},
        {"name": "Team", "namespace": "Testing", "inherit_from": ["CoreGroup"], "generate_profile": False},
    ],
}

# What the GraphQL schema depends on; descriptions are left out.
KIND = ["kind", "namespace", "display_label", "human_friendly_id", "inherit_from", "hierarchy", "hierarchical"]
ATTRIBUTE = ["name", "kind", "optional", "read_only", "inherited"]
RELATIONSHIP = ["name", "kind", "peer", "cardinality", "read_only"]


def only(value, keys):
    return {key: value[key] for key in keys if value.get(key)}


def node_schema(branch):
    lists = {}
    for name, schema, model in (
        ("nodes", NodeSchema, api.NodeSchemaRead),
        ("generics", GenericSchema, api.GenericSchemaRead),
        ("profiles", ProfileSchema, api.ProfileSchemaRead),
        ("templates", TemplateSchema, api.TemplateSchemaRead),
    ):
        lists[name] = []
        for kind in branch.get_all(duplicate=False).values():
            if not isinstance(kind, schema) or kind.namespace == "Internal":
                continue
            kind = api._api_schema_from_schema(model=model, schema=kind).model_dump(mode="json")
            lists[name].append(
                only(kind, KIND)
                | {
                    "attributes": [only(a, ATTRIBUTE) for a in kind["attributes"]],
                    "relationships": [only(r, RELATIONSHIP) for r in kind["relationships"]],
                }
            )
    return json.dumps(lists, separators=(",", ":"))


def graphql_schema(branch):
    text = print_schema(GraphQLSchemaManager(schema=branch).get_graphql_schema())
    text = re.sub(r'"""(?:.|\n)*?"""\n?', "", text)
    text = re.sub(r'@deprecated\(reason: "[^"]*"\)', "@deprecated", text)
    return re.sub(r"\n\s*\n", "\n", text)


if __name__ == "__main__":
    config.SETTINGS.initialize()
    branch = SchemaBranch(cache={}, name="main")
    for schema in (internal_schema, core_models, USER):
        branch.load_schema(schema=SchemaRoot(**schema))
    branch.process()
    for name, text in (("every.json.gz", node_schema(branch)), ("every.graphql.gz", graphql_schema(branch))):
        (Path(__file__).parent / name).write_bytes(gzip.compress(text.encode(), 9, mtime=0))
