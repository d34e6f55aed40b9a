"""The OpenAPI document as one HTML page: no script, nothing fetched from elsewhere."""

from collections.abc import Mapping
from html import escape
from typing import Any

import simplejson

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1b }
h2 { margin-top: 2.5rem; border-top: 1px solid #ccc; padding-top: 1rem; font-size: 1.1rem }
code, pre { font: 14px/1.4 ui-monospace, monospace; background: #f4f4f4 }
code { padding: .1em .3em } pre { padding: .8rem; overflow: auto }
table { border-collapse: collapse; margin: .5rem 0 } td, th { text-align: left; padding: .2rem .8rem .2rem 0 }
summary { cursor: pointer } .method { font-weight: 700 }
"""


def documentation_page(document: Mapping[str, Any]) -> str:
    """The page for ``document``."""
    info = document["info"]
    operations = [
        _operation(path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    shapes = [_shape(name, schema) for name, schema in document["components"]["schemas"].items()]
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        f"<title>{escape(info['title'])}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info['description'])}</p>"
        "<p>Send a key as <code>Authorization: Bearer &lt;key&gt;</code>. The same as a document for programs: "
        "<a href='/openapi.json'>/openapi.json</a>.</p>"
        f"{''.join(operations)}<h1>Shapes</h1>{''.join(shapes)}</body></html>"
    )


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> str:
    body = ""
    if "requestBody" in operation:
        body = f"<p>Body: {_reference(operation['requestBody']['content']['application/json'])}</p>"
    return (
        f"<h2><span class='method'>{escape(method.upper())}</span> <code>{escape(path)}</code></h2>"
        f"<p>{escape(operation['summary'])}. {escape(operation.get('description', 'No key is needed.'))}</p>{body}"
        f"<table>{''.join(_parameter_row(one) for one in operation['parameters'])}</table>"
        f"<table>{''.join(_answer_row(*one) for one in operation['responses'].items())}</table>"
    )


def _parameter_row(parameter: Mapping[str, Any]) -> str:
    kind = parameter["schema"].get("format", parameter["schema"]["type"])
    return (
        f"<tr><td><code>{escape(parameter['name'])}</code></td><td>{escape(parameter['in'])}, {escape(kind)}</td>"
        f"<td>{escape(parameter.get('description', ''))}</td></tr>"
    )


def _answer_row(status: str, answer: Mapping[str, Any]) -> str:
    shapes = " ".join(_reference(content) or escape(media) for media, content in answer.get("content", {}).items())
    return f"<tr><td>{escape(status)}</td><td>{escape(answer['description'])}</td><td>{shapes}</td></tr>"


def _reference(content: Mapping[str, Any]) -> str:
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return f"<a href='#{escape(name)}'>{escape(name)}</a>" if name else ""


def _shape(name: str, schema: Mapping[str, Any]) -> str:
    text = simplejson.dumps(schema, indent=2, ensure_ascii=False)
    return (
        f"<details id='{escape(name)}'><summary><code>{escape(name)}</code></summary>"
        f"<pre>{escape(text)}</pre></details>"
    )
