"""XML from strangers: parsed without DOCTYPE, entities and network, within limits, into plain elements.

The parser is expat. A DOCTYPE ends the parse when its name is read, before anything that it declares: so there are
no entities but the five of XML itself, nothing is fetched and nothing grows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from .message_error import MessageError

MAX_BYTES = 64 * 1024  #: of one message
MAX_DEPTH = 32
MAX_ELEMENTS = 20_000

#: Reasons for which bytes are no message at all.
TOO_LONG = "too_long"
EMPTY = "empty"
NOT_XML = "not_well_formed"
ENCODING = "encoding"
DOCTYPE = "doctype"
TOO_DEEP = "too_deep"
TOO_MANY = "too_many_elements"


@dataclass(slots=True)
class Element:
    """One element: name, attributes, children, and the text directly inside it."""

    name: str
    namespace: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def find(self, name: str) -> Element | None:
        """The first child of that name."""
        return next((child for child in self.children if child.name == name), None)

    def walk(self) -> Iterator[Element]:
        """The element and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


def parse_xml(data: bytes, *, max_bytes: int = MAX_BYTES) -> Element:
    """Parse one document.

    Parameters
    ----------
    data : bytes
        In UTF-8, UTF-16 or an eight-bit encoding that it declares.
    max_bytes : int
        A longer document is refused unread.

    Raises
    ------
    MessageError
        With one of the reasons above.

    Examples
    --------
    >>> parse_xml(b"<a b='1'><c>text</c></a>").find("c").text
    'text'
    """
    if len(data) > max_bytes:
        raise MessageError(TOO_LONG, f"{len(data)} octets, at most {max_bytes} are read")
    if not data.strip():
        raise MessageError(EMPTY)
    builder = _Builder()
    try:
        builder.parser.Parse(data, True)
    except expat.ExpatError as error:
        known = error.code in _ENCODING_ERRORS
        detail = f"line {error.lineno}, column {error.offset}: {expat.ErrorString(error.code)}"
        raise MessageError(ENCODING if known else NOT_XML, detail) from None
    except (LookupError, ValueError) as error:
        raise MessageError(ENCODING, str(error)) from None
    assert builder.root is not None
    return builder.root


_ENCODING_ERRORS = frozenset(
    expat.errors.codes[text]
    for text in (expat.errors.XML_ERROR_UNKNOWN_ENCODING, expat.errors.XML_ERROR_INCORRECT_ENCODING)
)


_VERSION = re.compile(r"1\.[0-9]+")


class _Builder:
    def __init__(self) -> None:
        self.root: Element | None = None
        self._path: list[Element] = []
        self._text: list[list[str]] = []
        self._count = 0
        self.parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters

    def _declaration(self, version: str, *_: object) -> None:
        if not _VERSION.fullmatch(version):
            raise MessageError(NOT_XML, f"XML version {version[:20]!r}")

    def _doctype(self, *_: object) -> None:
        raise MessageError(DOCTYPE, f"line {self.parser.CurrentLineNumber}: a DOCTYPE is never accepted")

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise MessageError(TOO_MANY, f"more than {MAX_ELEMENTS} elements")
        if len(self._path) >= MAX_DEPTH:
            raise MessageError(TOO_DEEP, f"line {self.parser.CurrentLineNumber}: deeper than {MAX_DEPTH}")
        namespace, _, local = name.rpartition(" ")
        element = Element(local, namespace, dict(attributes))
        if self._path:
            self._path[-1].children.append(element)
        else:
            self.root = element
        self._path.append(element)
        self._text.append([])

    def _end(self, _: str) -> None:
        self._path.pop().text = "".join(self._text.pop())

    def _characters(self, text: str) -> None:
        self._text[-1].append(text)


_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """Text that may stand in a document: characters that XML 1.0 forbids become the replacement character.

    >>> xml_text("a" + chr(0) + "b") == "a" + chr(0xFFFD) + "b"
    True
    """
    return _FORBIDDEN.sub("\ufffd", text)


#: What cannot stand in an attribute as it is, and what becomes of it; in text only the first three.
_ENTITIES = {
    "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#09;",
}  # fmt: skip
_IN_ATTRIBUTE = str.maketrans(_ENTITIES)
_IN_TEXT = str.maketrans({mark: _ENTITIES[mark] for mark in "&<>"})
_CARE = re.compile("[^ !#-%'-;=?-~]")  # all but the plain characters of ASCII, of which nearly everything is made


def write_xml(element: Element) -> str:
    """An element and all below it as text, without a declaration; namespaces are left out.

    Characters that XML 1.0 forbids become the replacement character.

    Examples
    --------
    >>> write_xml(Element("a", attributes={"b": "<1>"}, children=[Element("c", text="x & y"), Element("d")]))
    '<a b="&lt;1&gt;"><c>x &amp; y</c><d /></a>'
    """
    parts: list[str] = []
    _write(element, parts)
    return "".join(parts)


def _write(element: Element, parts: list[str]) -> None:
    parts.append(f"<{element.name}")
    for name, value in element.attributes.items():
        shown = xml_text(value).translate(_IN_ATTRIBUTE) if _CARE.search(value) else value
        parts.append(f' {name}="{shown}"')
    if not element.text and not element.children:
        parts.append(" />")
        return
    text = element.text
    parts.append(">" + (xml_text(text).translate(_IN_TEXT) if _CARE.search(text) else text))
    for child in element.children:
        _write(child, parts)
    parts.append(f"</{element.name}>")
