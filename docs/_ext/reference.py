"""Write the reference pages from the code: keys of scenario files, columns of records, options of commands.

The pages go to ``docs/_build/reference`` before Sphinx reads the sources, which include them: they cannot fall behind.
"""

import dataclasses
import inspect
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import typer
from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer
from typer.models import OptionInfo

from rampart import records, registry
from rampart.cli.main import app as command_line
from rampart.pipeline import specs

SECTIONS = {
    "threat": "[[threat]]",
    "sensor": "[[sensor]]",
    "engage": "[[effector]]",
    "out": "[[out]]",
    "feed": "[[feed]]",
}
STAGES = {"track": "[track]", "predict": "[predict]", "warn": "[warn]", "engagement": "[engage]"}
PARTS = {
    "keys above the first section": specs.HeadSpec,
    "`[[site]]`": specs.SiteSpec,
    "`[[zone]]`": specs.ZoneSpec,
    "`[referee]`": specs.RefereeSpec,
    "`[study]`": specs.StudySpec,
    "`[[study.case]]`": specs.CaseSpec,
}
#: Keys that mean the same wherever they stand; the page tells them once.
COMMON = {
    "id": "name of the part",
    "site": "id of the site it belongs to",
    "kind": "which kind of part",
    "name": "for people",
}
Rows = Iterable[tuple[str, ...]]


def first_sentence(thing: Any) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())


def table(head: tuple[str, ...], rows: Rows) -> str:
    """A Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def comments_of(cls: type) -> dict[str, str]:
    """The ``#:`` comments beside the fields of a class and of those it inherits from."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if base.__module__.startswith("rampart."):
            documented = ModuleAnalyzer.for_module(base.__module__).find_attr_docs()
            found |= {
                name: " ".join(" ".join(text).split())
                for (owner, name), text in documented.items()
                if owner == base.__qualname__
            }
    return found


def words(schema: dict[str, Any], shared: dict[str, Any]) -> str:
    """A JSON schema in words."""
    if "$ref" in schema:
        return words(shared[schema["$ref"].rpartition("/")[2]], shared)
    if "anyOf" in schema:
        return " or ".join(words(s, shared) for s in schema["anyOf"] if s.get("type") != "null")
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{_toml(v)}`" for v in schema.get("enum", [schema.get("const")]))
    kind = schema.get("type")
    if kind == "array":
        if "prefixItems" in schema:
            return f"list of {len(schema['prefixItems'])} numbers"
        return f"list of: {words(schema.get('items', {}), shared)}"
    if kind == "object" and "properties" in schema:
        return "table: " + ", ".join(f"`{name}` ({words(s, shared)})" for name, s in schema["properties"].items())
    if schema.get("format") == "date-time":
        return "date and time with offset"
    name = {"number": "number", "integer": "whole number", "string": "text", "boolean": "true or false"}.get(
        str(kind), str(kind)
    )
    return " ".join([name, *_bounds(schema)])


def _bounds(schema: dict[str, Any]) -> Iterator[str]:
    for key, sign in (("exclusiveMinimum", ">"), ("minimum", "≥"), ("exclusiveMaximum", "<"), ("maximum", "≤")):
        if key in schema:
            yield f"{sign} {schema[key]:g}"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    return f'"{value}"' if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)


def meaning(spec: Any, key: str) -> str:
    """What a key of a spec means: its description, the comment beside it, or what it means everywhere."""
    field, comments = spec.model_fields[key], comments_of(spec)
    return field.description or comments.get(key) or COMMON.get(key, "")


def keys_of(spec: Any) -> str:
    """The table of a spec's keys."""
    schema = spec.model_json_schema()
    shared, required = schema.get("$defs", {}), schema.get("required", [])
    rows = []
    for key, field in spec.model_fields.items():
        name = field.alias or key
        described = schema["properties"][name]
        default = "required" if name in required else _default(described.get("default"))
        rows.append((f"`{name}`", words(described, shared), default, meaning(spec, key)))
    return table(("key", "value", "default", "meaning"), rows)


def _default(value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, dict):
        return "see there"
    return f"`{_toml(value)}`"


def scenario_keys() -> str:
    """Every section, every kind, every key."""
    out = []
    for title, spec in PARTS.items():
        out += [f"## {title[0].upper()}{title[1:]}\n", first_sentence(spec) + "\n", keys_of(spec)]
    for room, section in SECTIONS.items():
        out.append(f"## `{section}`\n")
        for kind in registry.PARTS[room]:
            spec = registry.find(room, kind)
            out += [f'### {room} kind `"{kind}"`\n', first_sentence(spec) + "\n", keys_of(spec)]
    for room, section in STAGES.items():
        for kind in registry.PARTS[room]:
            spec = registry.find(room, kind)
            out += [f"## `{section}`\n", f'Kind `"{kind}"`. {first_sentence(spec)}\n', keys_of(spec)]
    return "\n".join(out)


def record_columns() -> str:
    """Every plural record and its columns, then the closed lists."""
    kinds = [k for name in records.__all__ if inspect.isclass(k := getattr(records, name))]
    out = []
    for kind in kinds:
        if issubclass(kind, records.Columns) and kind is not records.Columns:
            fields = [(f.name, f.metadata) for f in dataclasses.fields(kind)]
            rows = ((f"`{n}`", _dtype(m["dtype"]), _shape(m["shape"]), m["doc"]) for n, m in fields)
            out += [
                f"## {kind.__name__}\n",
                first_sentence(kind) + "\n",
                table(("column", "type", "one row", "meaning"), rows),
            ]
    out.append("## Closed lists\n")
    for kind in kinds:
        if issubclass(kind, records.Named) and kind is not records.Named:
            rows = ((f"`{member.label}`", str(int(member))) for member in kind)
            out += [f"### {kind.__name__}\n", first_sentence(kind) + "\n", table(("name", "number"), rows)]
    return "\n".join(out)


def _dtype(dtype: Any) -> str:
    names = {"f": "float", "i": "int", "u": "unsigned", "b": "bool"}
    if dtype.kind == "U":
        return f"text, at most {dtype.itemsize // 4}"
    return (
        f"{names[dtype.kind]}{8 * dtype.itemsize}"
        if dtype.kind in "fiu"
        else {"b": "bool", "O": "tuple or text"}[dtype.kind]
    )


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "1"


@dataclasses.dataclass(frozen=True)
class Parameter:
    """An argument or option of a command, as its function declares it."""

    shown: str  #: as a user writes it
    takes: str  #: what the value is; "" for a switch
    help: str
    option: bool
    required: bool


def commands() -> dict[str, list[Parameter]]:
    """The commands by their words, ``run`` or ``bench track``, with what they take."""
    found: dict[str, list[Parameter]] = {}

    def walk(program: typer.Typer, words: tuple[str, ...]) -> None:
        for command in program.registered_commands:
            name = command.name or command.callback.__name__.rstrip("_").replace("_", "-")
            found[" ".join((*words, name))] = list(parameters(command.callback))
        for group in program.registered_groups:
            walk(group.typer_instance, (*words, group.name or group.typer_instance.info.name))

    walk(command_line, ())
    return found


def parameters(function: Any) -> Iterator[Parameter]:
    """The parameters of a command's function, arguments first as typer reads them."""
    hints = get_type_hints(function, include_extras=True)
    for name, declared in inspect.signature(function).parameters.items():
        kind, info = get_args(hints[name])[:2]
        option, required = isinstance(info, OptionInfo), declared.default is inspect.Parameter.empty
        shown = name.replace("_", "-")
        if option:
            # inside Annotated, the first name stands where the default would
            names = [n for n in (info.default, *(info.param_decls or ())) if isinstance(n, str) and n.startswith("-")]
            shown = ", ".join(names) or f"--{shown}"
        yield Parameter(
            shown if option else shown.upper(), _takes(kind), " ".join((info.help or "").split()), option, required
        )


def _takes(kind: Any) -> str:
    inner = [k for k in get_args(kind) if k is not type(None)]
    if inner:
        return _takes(inner[0])
    return {bool: "", int: "whole number", float: "number", str: "text", Path: "path"}.get(kind, "text")


def command_options(name: str, takes: list[Parameter]) -> str:
    """Usage, arguments and options of a command."""
    arguments = [p.shown if p.required else f"[{p.shown}]" for p in takes if not p.option]
    usage = ["rampart", name, *arguments, "[OPTIONS]"]
    rows = ((f"`{p.shown}`", p.takes, p.help) for p in takes)
    return f"```text\n{' '.join(usage)}\n```\n\n" + table(("", "takes", "meaning"), rows)


def write(app: Sphinx) -> None:
    """Write the pages, each only if it changed."""
    folder = Path(app.srcdir) / "_build" / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    pages = {"scenario-keys": scenario_keys(), "record-columns": record_columns()}
    pages |= {f"command-{name.replace(' ', '-')}": command_options(name, takes) for name, takes in commands().items()}
    for name, text in pages.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("builder-inited", write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
