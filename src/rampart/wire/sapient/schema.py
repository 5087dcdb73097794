"""Schema: the message classes of the extra ``sapient``, loaded when they are first needed."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from rampart.errors import InputError

ICD_VERSION = "BSI Flex 335 v2.0"
_PACKAGE = "sapient_msg.bsi_flex_335_v2_0"


@cache
def require_schema() -> Any:
    """The class `SapientMessage` of BSI Flex 335 v2; its fields take plain dictionaries and names of enumerators.

    Raises
    ------
    InputError
        If the extra is not installed, or protobuf runs without its compiled part, whose limits guard the reader.

    Notes
    -----
    The definitions are those of Dstl as the package ``sapient-msg`` carries them. Apex, Dstl's middleware, has a
    package of the same name: never both in one environment.
    """
    _load("google.protobuf")
    if _load("google.protobuf.internal.api_implementation").Type() == "python":
        raise InputError("SAPIENT needs protobuf with its compiled part: install a wheel of protobuf 6.33.5 or later")
    return _load(f"{_PACKAGE}.sapient_message_pb2").SapientMessage


@cache
def options() -> Any:
    """The extensions by which the definitions say what is mandatory and what is an identifier."""
    require_schema()
    return _load("sapient_msg.proto_options_pb2")


@cache
def protobuf(name: str) -> Any:
    """A module of protobuf, by its name below ``google.protobuf``."""
    require_schema()
    return _load(f"google.protobuf.{name}")


def _load(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise InputError('SAPIENT needs sapient-msg: pip install "rampart[sapient]"') from None
