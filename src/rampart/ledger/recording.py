"""Recording: one run, or one stretch of a live service, in an MCAP file. `docs/recording.md` is its contract."""

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from mcap.writer import CompressionType, Writer
from pydantic_core import to_json

from rampart.errors import InputError, RunError
from rampart.records import (
    Columns,
    Decisions,
    Detections,
    Engagements,
    ExternalTracks,
    Flight,
    Health,
    Predictions,
    Tracks,
    Warnings,
    ZoneStates,
)

from .container import RECORD_LIMIT_BYTES
from .encoding import encode_columns, encode_floats
from .files import plain
from .run_record import ConfirmedOnly
from .schemas import HEADER_SCHEMA, SUMMARY_SCHEMA, TRUTH_SCHEMA, batch_schema, columns_schema, gates_schema
from .thinning import thin_flight

HEADER_TOPIC = "/rampart/header"
SUMMARY_TOPIC = "/rampart/summary"
OUTPUTS: tuple[tuple[str, type[Columns]], ...] = (
    ("tracks", Tracks),
    ("predictions", Predictions),
    ("warnings", Warnings),
    ("engagements", Engagements),
)
#: What is recorded beside the outputs and no part of their digest.
STATES: tuple[tuple[str, type[Columns]], ...] = (("health", Health), ("zones", ZoneStates))
NS = 1_000_000_000
FLIGHT_ARRAYS = ("time_s", "position_enu", "velocity_enu")
FLIGHT_FIELDS = (
    "id",
    "part",
    "site",
    "kind",
    "threat",
    "ballistic",
    "rcs_dbsm",
    "swerling",
    "identity",
    "emits",
    "burnout_s",
    "ln_drag",
    "tip_speed_ms",
)

_BATCH_SCHEMA = batch_schema(Detections)
_EXTERNAL_SCHEMA = columns_schema(ExternalTracks)
_OUTPUT_SCHEMAS = {name: columns_schema(kind) for name, kind in (*OUTPUTS, *STATES)}
_DECISION_SCHEMA = columns_schema(Decisions)
_SCHEMAS = {
    **_OUTPUT_SCHEMAS,
    "detections": _BATCH_SCHEMA,
    "external": _EXTERNAL_SCHEMA,
    "decisions": _DECISION_SCHEMA,
    "truth": TRUTH_SCHEMA,
    "summary": SUMMARY_SCHEMA,
}


def _timestamp(ns: int) -> dict[str, int]:
    sec, nsec = divmod(ns, NS)
    return {"sec": sec, "nsec": nsec}


class RecordingWriter:
    """Writes a recording, whole or not at all: to ``<path>.part``, renamed when closed.

    Use it in a ``with`` statement: an exception inside removes the unfinished file.

    Parameters
    ----------
    path : str or pathlib.Path
        The file; its folder is made if missing.
    header : mapping
        As `make_header` gives it.
    tentative : bool
        Record tentative tracks too. They are many, and replay brings each of them back.

    Raises
    ------
    InputError
        If the file cannot be made.
    RunError
        From any method, if the disk does not take what is written.
    """

    def __init__(self, path: str | Path, *, header: Mapping[str, Any], tentative: bool = False) -> None:
        self.path = Path(path)
        self._part = self.path.with_name(self.path.name + ".part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = self._part.open("wb")
        except OSError as error:
            raise InputError(f"cannot write: {error.strerror}", path=self.path) from None
        self._writer = Writer(self._stream, compression=CompressionType.ZSTD, enable_data_crcs=True)
        self._channels: dict[str, int] = {}
        self._schemas: dict[str, int] = {}
        self._step = -1
        self._sequence = 0
        self._filter = None if tentative else ConfirmedOnly()
        try:
            self._open(header)
        except BaseException:
            self.abort()
            raise

    def _open(self, header: Mapping[str, Any]) -> None:
        header = plain(header)
        sites = header.get("sites", ())
        self._start_ns = min((int(site["start_ns"]) for site in sites), default=0)
        self._writer.start(profile="rampart", library=f"rampart {header.get('version', '')}".strip())
        data = to_json(header).decode()
        named = {key: str(header.get(key, "")) for key in ("schema", "seed", "run", "version")}
        self._writer.add_metadata("rampart", {**named, "header": data})
        self._message(HEADER_TOPIC, HEADER_SCHEMA, self._start_ns, {"timestamp": _timestamp(self._start_ns), **header})
        for site in sites:  # a fixed order, whatever happens in the run
            self._register(f"/{site['id']}/detections", batch_schema(Detections))
            self._register(f"/{site['id']}/decisions", _DECISION_SCHEMA)
            for name, schema in _OUTPUT_SCHEMAS.items():
                self._register(f"/{site['id']}/{name}", schema)

    def _register(self, topic: str, schema: Mapping[str, Any]) -> int:
        if topic not in self._channels:
            key = f"{schema['title']} {topic}" if schema["title"] == "rampart.Gates" else str(schema["title"])
            if key not in self._schemas:
                self._schemas[key] = self._writer.register_schema(schema["title"], "jsonschema", to_json(schema))
            self._channels[topic] = self._writer.register_channel(topic, "json", self._schemas[key])
        return self._channels[topic]

    def _message(self, topic: str, schema: Mapping[str, Any] | None, now_ns: int, message: Mapping[str, Any]) -> None:
        channel = self._channels.get(topic)
        if channel is None:
            channel = self._register(topic, schema or {})
        data = to_json(message, inf_nan_mode="null")  # exact for floats, and ten times as fast as the standard library
        if len(data) > RECORD_LIMIT_BYTES // 2:
            raise RunError(f"{self.path}: a message on {topic} is too long to be recorded ({len(data)} bytes)")
        try:
            self._writer.add_message(channel, now_ns, data, now_ns, self._sequence & 0xFFFFFFFF)
        except OSError as error:
            raise RunError(f"{self.path}: cannot write: {error.strerror}") from None
        self._sequence += 1

    def _columns(self, topic: str, now_ns: int, records: Columns, more: Mapping[str, Any], schema: Any = None) -> None:
        message = {"timestamp": _timestamp(now_ns), "step": self._step, **more, "n": len(records)}
        message["columns"] = encode_columns(records) if len(records) else {}
        self._message(topic, schema or columns_schema(type(records)), now_ns, message)

    def batch(
        self,
        site_id: str,
        now_ns: int,
        detections: Detections,
        sensor: int | None = None,
        *,
        decisions: Decisions | None = None,
        heard: Sequence[int] | None = None,
        external: ExternalTracks | None = None,
    ) -> None:
        """Record one input of a site's chain; see `Recorder`."""
        self._step += 1
        more: dict[str, Any] = {"sensor": -1 if sensor is None else int(sensor)}
        if heard is not None:
            more["heard"] = [int(index) for index in heard]
        if decisions is not None and len(decisions):  # before the batch: a reader of the batch then has both
            self._columns(f"/{site_id}/decisions", now_ns, decisions, {}, _DECISION_SCHEMA)
        if external is not None and len(external):
            self._columns(f"/{site_id}/external", now_ns, external, {}, _EXTERNAL_SCHEMA)
        self._columns(f"/{site_id}/detections", now_ns, detections, more, _BATCH_SCHEMA)

    def outputs(
        self,
        site_id: str,
        now_ns: int,
        tracks: Tracks,
        predictions: Predictions,
        warnings: Warnings,
        engagements: Engagements,
    ) -> None:
        """Record what the chain said to the batch before; records without rows are left out."""
        if self._filter is not None:
            tracks, predictions = self._filter(site_id, tracks, predictions)
        for (name, _), records in zip(OUTPUTS, (tracks, predictions, warnings, engagements), strict=True):
            if len(records):
                self._columns(f"/{site_id}/{name}", now_ns, records, {}, _OUTPUT_SCHEMAS[name])

    def states(self, site_id: str, now_ns: int, health: Health, zones: ZoneStates) -> None:
        """Record what the batch before changed of the states of parts and zones."""
        for (name, _), records in zip(STATES, (health, zones), strict=True):
            if len(records):
                self._columns(f"/{site_id}/{name}", now_ns, records, {}, _OUTPUT_SCHEMAS[name])

    def diagnostics(self, site_id: str, now_ns: int, sensor_id: str, columns: Mapping[str, Any]) -> None:
        """Record a simulated sensor's reasons: columns of numbers or text, one row per target."""
        arrays = {name: np.asarray(values) for name, values in columns.items()}
        arrays = {name: a.astype(str) if a.dtype.kind == "O" else a for name, a in arrays.items()}
        n = len(next(iter(arrays.values()), ()))
        if not n:
            return
        lists = {name: encode_floats(a.tolist()) if a.dtype.kind == "f" else a.tolist() for name, a in arrays.items()}
        message = {
            "timestamp": _timestamp(now_ns),
            "step": self._step,
            "sensor_id": sensor_id,
            "n": n,
            "columns": lists,
        }
        topic = f"/{site_id}/gates"
        schema = None if topic in self._channels else gates_schema(arrays)
        self._message(topic, schema, now_ns, message)

    def truth(self, site_id: str, flights: Iterable[Flight]) -> None:
        """Record what really flew, one message per flight, its knots thinned. Simulation only."""
        for flight in map(thin_flight, flights):
            message: dict[str, Any] = {"timestamp": _timestamp(self._start_ns)}
            message |= {name: plain(getattr(flight, name)) for name in FLIGHT_FIELDS}
            message |= {name: getattr(flight, name).ravel().tolist() for name in FLIGHT_ARRAYS}
            message["fate"] = flight.fate.label
            self._message(f"/{site_id}/truth", TRUTH_SCHEMA, self._start_ns, message)

    def summary(self, summary: Mapping[str, Any]) -> None:
        """Record the run's summary."""
        message = {"timestamp": _timestamp(self._start_ns), **plain(summary)}
        self._message(SUMMARY_TOPIC, SUMMARY_SCHEMA, self._start_ns, message)

    def copy(self, topic: str, now_ns: int, message: Mapping[str, Any]) -> None:
        """Record a message of another recording as it is, e.g. in a part of it.

        Parameters
        ----------
        topic : str
            As `RecordingReader.messages` gives it.
        now_ns : int
            Its log time, ns UTC.
        message : mapping
            Plain data.
        """
        schema = None
        if topic not in self._channels:
            name = topic.rpartition("/")[2]
            if name == "gates":
                schema = gates_schema({key: np.asarray(values) for key, values in message["columns"].items()})
            else:
                schema = _SCHEMAS[name]
        self._message(topic, schema, now_ns, message)

    def close(self) -> None:
        """Finish the file and give it its name."""
        if self._stream.closed:
            return
        try:
            self._writer.finish()
            self._stream.close()
            os.replace(self._part, self.path)
        except OSError as error:
            self.abort()
            raise RunError(f"{self.path}: cannot write: {error.strerror}") from None

    def abort(self) -> None:
        """Leave nothing behind."""
        with suppress(OSError):
            self._stream.close()
        self._part.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close() if kind is None else self.abort()
