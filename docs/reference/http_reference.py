"""The reference of the HTTP API, in Markdown, from the server's own OpenAPI description."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from captchascope.web.api import document
from captchascope.web.settings import Settings

Schema = dict[str, Any]


def http_reference() -> str:
    """Return a section for each path, and one for each schema that they name."""
    told = document(Settings())
    lines: list[str] = []
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            lines += operation_lines(f"{method.upper()} {path}", operation)
    lines += ["## Schemas", ""]
    for name, schema in told["components"]["schemas"].items():
        lines += schema_lines(name, schema)
    return "\n".join(lines)


def operation_lines(title: str, operation: Schema) -> Iterator[str]:
    """Yield the section of one path: what is sent, and what is answered."""
    yield from (f"## `{title}`", "", operation["summary"], "")
    if "description" in operation:
        yield from (operation["description"], "")
    if parameters := operation.get("parameters"):
        yield from ("| in the query | type | what |", "|---|---|---|")
        for each in parameters:
            schema = each["schema"]
            what = cell(schema.get("description", ""))
            yield f"| `{each['name']}` | {type_of(schema)} | {what} |"
        yield ""
    if body := operation.get("requestBody"):
        yield from ("| body | holds |", "|---|---|")
        for kind, content in body["content"].items():
            yield f"| `{kind}` | {type_of(content['schema'])} |"
        yield ""
    yield from ("| status | when |", "|---|---|")
    for status, answer in operation["responses"].items():
        yield f"| {status} | {cell(answer['description'])} |"
    yield ""


def schema_lines(name: str, schema: Schema) -> Iterator[str]:
    """Yield the section of one schema."""
    yield from (f"### {name}", "")
    if "description" in schema:
        yield from (schema["description"], "")
    if properties := schema.get("properties"):
        yield from ("| field | type | what |", "|---|---|---|")
        for field, each in properties.items():
            yield f"| `{field}` | {type_of(each)} | {cell(each.get('description', ''))} |"
        yield ""
    else:
        yield from (type_of(schema), "")


def type_of(schema: Schema) -> str:
    """Return the type of a value in words; a schema by name is a link to its section."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(type_of(each) for each in choices))
    if values := schema.get("enum"):
        return " or ".join(f"`{value}`" for value in values)
    if schema.get("type") == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    kind = schema.get("type", "anything")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def cell(text: str) -> str:
    """Return a text as a cell of a table takes it, with no sign that Markdown would follow."""
    return re.sub(r"([|\[\]{}*_^<>`])", r"\\\1", " ".join(text.split()))
