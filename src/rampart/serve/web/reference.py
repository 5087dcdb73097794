"""Reference: the page at ``/docs``, written from the OpenAPI document. No script, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

_STYLE = """
:root{color-scheme:light dark;--ink:#1b2026;--faint:#5d6874;--line:#d8dde2;--card:#f6f7f8;--paper:#fff;--accent:#0060a0}
@media(prefers-color-scheme:dark){:root{--ink:#e7ebee;--faint:#9aa6b1;--line:#343d46;--card:#1d2329;--paper:#14181c;
--accent:#6db7f0}}
body{margin:0 auto;max-width:900px;padding:2rem;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
section{border:1px solid var(--line);border-radius:6px;background:var(--card);padding:.2rem 1rem 1rem;margin:1rem 0}
h2{font:600 17px ui-monospace,monospace;margin:.8rem 0 .2rem}b.method{color:var(--accent);margin-right:.6em}
.role{float:right;color:var(--faint);font:14px system-ui,sans-serif}td{padding:.1rem 1rem .1rem 0;vertical-align:top}
code{font:14px ui-monospace,monospace}p{margin:.3rem 0}
"""


def stylesheet() -> str:
    """The style of the page, served from a place of its own."""
    return _STYLE


def reference_page(document: Mapping[str, Any]) -> str:
    """HTML of all routes of an OpenAPI document."""
    info, parts = document["info"], []
    for path, methods in document["paths"].items():
        parts += [_route(path, method, route, document) for method, route in methods.items()]
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(info['title'])}</title><link rel=stylesheet href=docs.css>"
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info.get('description', ''))}</p>"
        "<p>The same for programs: <a href=openapi.json>openapi.json</a></p>" + "".join(parts)
    )


def _route(path: str, method: str, route: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    rows = [
        (p["name"], "required" if p.get("required") else "", _type(p["schema"]), p.get("description", ""))
        for p in route.get("parameters", [])
    ]
    body = route.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body:
        schema = document["components"]["schemas"][body["$ref"].rpartition("/")[2]] if "$ref" in body else body
        required = schema.get("required", [])
        rows += [
            (name, "required" if name in required else "", _type(field), field.get("description", ""))
            for name, field in schema.get("properties", {}).items()
        ]
    cells = "".join(
        f"<tr><td><code>{escape(n)}</code><td>{r}<td>{escape(t)}<td>{escape(d)}</tr>" for n, r, t, d in rows
    )
    role = route.get("x-role", "")
    words = escape(" ".join((route.get("description") or route.get("summary", "")).split()))
    return (
        f"<section><h2><span class=role>{escape(role)}</span><b class=method>{method.upper()}</b>{escape(path)}</h2>"
        f"<p>{words}</p>" + (f"<table>{cells}</table>" if cells else "") + "</section>"
    )


def _type(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " or ".join(map(str, schema["enum"]))
    if "anyOf" in schema:
        return " or ".join(_type(s) for s in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("const", schema.get("type", "")))
