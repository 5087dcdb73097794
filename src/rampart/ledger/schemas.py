"""JSON schemas of the recording's messages, made from the columns that the records declare.

Only what every reader of MCAP with JSON understands is used: objects with named properties, numbers, text, flat
lists and times as ``{"sec", "nsec"}``. No unions, no lists of lists.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from rampart.records import Columns

Schema = dict[str, Any]

#: numpy kind -> JSON type
_TYPES = {"f": "number", "i": "integer", "u": "integer", "b": "boolean", "U": "string"}

TIME: Schema = {
    "type": "object",
    "title": "time",
    "description": "UTC, seconds and nanoseconds since 1970",
    "properties": {"sec": {"type": "integer"}, "nsec": {"type": "integer"}},
}


def _object(title: str, description: str, properties: Mapping[str, Schema]) -> Schema:
    return {"type": "object", "title": title, "description": description, "properties": dict(properties)}


def _list(kind: str, description: str) -> Schema:
    return {"type": "array", "description": description, "items": {"type": kind}}


def _column(field: Any) -> Schema:
    dtype, shape, doc = field.metadata["dtype"], field.metadata["shape"], field.metadata["doc"]
    if dtype.kind == "O" and field.metadata["missing"] == ():
        numbers = _object("numbers", "", {"numbers": _list("integer", "")})
        return {"type": "array", "description": doc, "items": numbers}
    if shape:
        doc = f"{doc}; {' x '.join(map(str, shape))} values per row, row-major"
    return _list(_TYPES.get(dtype.kind, "string"), doc)


def _step(title: str, description: str, columns: Mapping[str, Schema], more: Mapping[str, Schema]) -> Schema:
    return _object(
        title,
        description,
        {
            "timestamp": TIME,
            "step": {"type": "integer", "description": "number of the step within the recording, from 0"},
            **more,
            "n": {"type": "integer", "description": "rows"},
            "columns": _object(
                "columns", "one list per column; a column that is missing in all rows is left out", columns
            ),
        },
    )


def columns_schema(kind: type[Columns], more: Mapping[str, Schema] | None = None) -> Schema:
    """The schema of one step's rows of a plural record.

    Parameters
    ----------
    kind : type
        A `Columns` class.
    more : mapping of str to dict, optional
        Further properties of the message.

    Examples
    --------
    >>> from rampart.records import Tracks
    >>> columns_schema(Tracks)["properties"]["columns"]["properties"]["existence"]["description"]
    'probability that the object is there'
    """
    columns = {field.name: _column(field) for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    title = f"rampart.{kind.__name__}"
    return _step(title, (kind.__doc__ or "").split("\n")[0], columns, more or {})


def batch_schema(kind: type[Columns]) -> Schema:
    """The schema of a batch of detections: the rows and the sensor they came from."""
    sensor = {"type": "integer", "description": "index into Site.sensors; -1 if the batch is of none or of several"}
    heard = _list("integer", "sensors that reported in this step, detections or none; absent if nobody kept watch")
    return columns_schema(kind, {"sensor": sensor, "heard": heard})


def gates_schema(columns: Mapping[str, np.ndarray]) -> Schema:
    """The schema of a sensor's diagnostics, whose columns are the sensor's own."""
    lists = {name: _list(_TYPES[array.dtype.kind], "as the sensor names it") for name, array in columns.items()}
    sensor = {"type": "string", "description": "id of the sensor"}
    return _step("rampart.Gates", "why a simulated sensor saw what it saw", lists, {"sensor_id": sensor})


TRUTH_SCHEMA = _object(
    "rampart.Truth",
    "what really flew, as if never engaged: simulation only, never seen by the chain",
    {
        "timestamp": TIME,
        **{name: {"type": "string"} for name in ("id", "part", "site", "kind", "identity", "fate")},
        **{name: {"type": "boolean"} for name in ("threat", "ballistic", "emits")},
        "time_s": _list("number", "seconds since run start, of each knot"),
        "position_enu": _list("number", "east, north, up in the site's frame, m; 3 values per knot"),
        "velocity_enu": _list("number", "m/s; 3 values per knot; between knots a cubic Hermite curve"),
        "rcs_dbsm": {"type": "number", "description": "mean radar cross-section, dB over 1 m2"},
        "swerling": {"type": "integer", "description": "fluctuation model"},
        "burnout_s": {"type": "number", "description": "end of thrust, seconds since run start; null without thrust"},
        "ln_drag": {"type": "number", "description": "ln of drag-to-mass in m2/kg; null for what does not fall"},
        "tip_speed_ms": {"type": "number", "description": "of rotor blades or wing tips, m/s; null for a rigid body"},
    },
)

HEADER_SCHEMA = _object(
    "rampart.Header",
    "what decides the run: enough to repeat it",
    {
        "timestamp": TIME,
        "schema": {"type": "integer", "description": "version of the recording's contract"},
        "seed": {"type": "integer"},
        "run": {"type": "integer"},
        "version": {"type": "string", "description": "of Rampart"},
        "scenario_toml": {"type": "string", "description": "the scenario file as given, overrides not applied"},
    },
)

SUMMARY_SCHEMA = _object(
    "rampart.Summary",
    "the run's summary.json",
    {"timestamp": TIME, "schema": {"type": "integer"}, "scenario": {"type": "string"}},
)
