"""Playback: a recording read again, to the same bits."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mcap.records import Metadata
from pydantic_core import from_json

from rampart.errors import InputError
from rampart.records import (
    Columns,
    Decisions,
    Detections,
    Engagements,
    ExternalTracks,
    Fate,
    Flight,
    Health,
    Predictions,
    Site,
    Tracks,
    Warnings,
    ZoneStates,
)

from .container import open_container, read_messages, read_records
from .encoding import decode_columns, decode_site
from .recording import FLIGHT_ARRAYS, FLIGHT_FIELDS, HEADER_TOPIC, NS, OUTPUTS, SUMMARY_TOPIC
from .run_record import SCHEMA, Collector, RunRecord, Step

_KINDS = dict(OUTPUTS)
#: What a step may take beside its batch, told right before it.
_BESIDE: dict[str, type[Columns]] = {"decisions": Decisions, "external": ExternalTracks}
#: The most rows of one step that a reader believes.
ROWS_LIMIT = 100_000


class Batch(NamedTuple):
    """One recorded input of a site's chain."""

    site_id: str
    now_ns: int
    detections: Detections
    sensor: int | None
    step: int
    decisions: Decisions = Decisions.empty()
    heard: tuple[int, ...] | None = None  #: sensors that reported; None if nobody kept watch over them
    external: ExternalTracks = ExternalTracks.empty()  #: reports of other systems' tracks


class Contents(NamedTuple):
    """What `RecordingReader.verify` found."""

    messages: dict[str, int]  #: by topic
    batches: int
    detections: int
    first_ns: int
    last_ns: int


class RecordingReader:
    """Reads a recording in the order in which it was written.

    Every method goes through the file anew and compares each checksum on the way; nothing is kept in memory.

    Parameters
    ----------
    path : str or pathlib.Path
        A file that `RecordingWriter` wrote.

    Raises
    ------
    InputError
        If the file cannot be read, is cut off, or is no recording of Rampart; from any method, if it is damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        open_container(self.path).close()
        first = next(iter(read_messages(self.path)), None)
        if first is None or first.topic != HEADER_TOPIC:
            raise self._error(f"is no recording of Rampart: it does not begin with {HEADER_TOPIC}")
        self._header: dict[str, Any] = self._json(first.data)
        self._header.pop("timestamp", None)
        if self._header.get("schema") != SCHEMA:
            raise self._error(f"schema = {self._header.get('schema')!r}, expected {SCHEMA}")

    @property
    def header(self) -> Mapping[str, Any]:
        """Scenario, seed, run, version and sites; see `make_header`."""
        return self._header

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """The sites, in the order of the scenario."""
        try:
            return tuple(decode_site(site) for site in self._header["sites"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._error(f"the header's sites are not readable: {error}") from None

    @cached_property
    def metadata(self) -> Mapping[str, str]:
        """The MCAP metadata record, for programs that know nothing of Rampart."""
        records = (r for r in read_records(self.path) if isinstance(r, Metadata) and r.name == "rampart")
        return next((r.metadata for r in records), {})

    @cached_property
    def summary(self) -> Mapping[str, Any]:
        """The run's summary; empty if none was written."""
        found: dict[str, Any] = {}
        for _, message in self._messages((SUMMARY_TOPIC,)):
            found = message
        found.pop("timestamp", None)
        return found

    def batches(self) -> Iterator[Batch]:
        """The inputs of the chains, exactly as recorded and in that order."""
        before: dict[str, dict[str, Any]] = {}
        for topic, message in self._messages(self._topics("detections", *_BESIDE)):
            _, site_id, name = topic.split("/")
            if name in _BESIDE:
                before.setdefault(site_id, {})[name] = self._decode(_BESIDE[name], message)
            else:
                yield self._batch(topic, message)._replace(**before.pop(site_id, {}))

    def outputs(self) -> Iterator[tuple[str, Step]]:
        """Site and outputs of each step in which a chain said something."""
        grouped = _Grouped(self._decode)
        for topic, message in self._messages(self._topics(*_KINDS)):
            _, site_id, name = topic.split("/")
            yield from grouped.add(site_id, name, self._int(message, "step"), self._now(message), message)
        yield from grouped.rest()

    def tracks(self) -> Iterator[tuple[str, int, Tracks]]:
        """Site, time [ns UTC] and tracks of each step that has any."""
        return self._records("tracks", Tracks)

    def predictions(self) -> Iterator[tuple[str, int, Predictions]]:
        """Site, time [ns UTC] and predictions of each step that has any."""
        return self._records("predictions", Predictions)

    def warnings(self) -> Iterator[tuple[str, int, Warnings]]:
        """Site, time [ns UTC] and warnings of each step that has any."""
        return self._records("warnings", Warnings)

    def engagements(self) -> Iterator[tuple[str, int, Engagements]]:
        """Site, time [ns UTC] and simulated shots of each step that has any."""
        return self._records("engagements", Engagements)

    def decisions(self) -> Iterator[tuple[str, int, Decisions]]:
        """Site, time [ns UTC] and decisions of each step that took any."""
        return self._records("decisions", Decisions)

    def health(self) -> Iterator[tuple[str, int, Health]]:
        """Site, time [ns UTC] and changed states of parts of each step that has any."""
        return self._records("health", Health)

    def zone_states(self) -> Iterator[tuple[str, int, ZoneStates]]:
        """Site, time [ns UTC] and changed states of zones of each step that has any."""
        return self._records("zones", ZoneStates)

    def gates(self) -> Iterator[tuple[str, int, str, dict[str, np.ndarray]]]:
        """Site, time [ns UTC], sensor and columns of each sensor diagnostic."""
        for topic, message in self._messages(self._topics("gates")):
            yield topic.split("/")[1], self._now(message), str(message.get("sensor_id", "")), self._arrays(message)

    def truth(self) -> Iterator[Flight]:
        """What really flew; nothing for a live recording."""
        for _, message in self._messages(self._topics("truth")):
            yield self._flight(message)

    def messages(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Topic and content of every message, as plain data, in order."""
        return self._messages(None)

    def run_record(self) -> RunRecord:
        """The whole recording as a report reads it."""
        collector = Collector(self._header)
        outputs = _Grouped(self._decode)
        known = {site.id for site in self.sites}
        for topic, message in self._messages(None):
            site_id, _, name = topic[1:].partition("/")
            if topic == SUMMARY_TOPIC:
                collector.summary({key: value for key, value in message.items() if key != "timestamp"})
            elif site_id in known and name == "detections":
                collector.count(site_id, self._int(message, "n"))
            elif site_id in known and name in _KINDS:
                for site, step in outputs.add(site_id, name, self._int(message, "step"), self._now(message), message):
                    collector.outputs(site, *step)
            elif site_id in known and name == "gates":
                sensor = str(message.get("sensor_id", ""))
                collector.diagnostics(site_id, self._now(message), sensor, self._arrays(message))
            elif site_id in known and name == "truth":
                collector.truth(site_id, [self._flight(message)])
        for site, step in outputs.rest():
            collector.outputs(site, *step)
        return collector.record()

    def verify(self) -> Contents:
        """Read everything, compare every checksum, and count."""
        counts: dict[str, int] = {}
        times: list[int] = []
        batches = detections = 0
        for topic, message in self._messages(None):
            counts[topic] = counts.get(topic, 0) + 1
            if topic.endswith("/detections"):
                batch = self._batch(topic, message)
                batches, detections = batches + 1, detections + len(batch.detections)
                times = [min([batch.now_ns, *times]), max([batch.now_ns, *times])]
        return Contents(dict(sorted(counts.items())), batches, detections, *(times or [0, 0]))

    def _topics(self, *names: str) -> frozenset[str]:
        return frozenset(f"/{site.id}/{name}" for site in self.sites for name in names)

    def _messages(self, topics: Iterable[str] | None) -> Iterator[tuple[str, dict[str, Any]]]:
        wanted = None if topics is None else frozenset(topics)
        for envelope in read_messages(self.path, wanted):
            yield envelope.topic, self._json(envelope.data)

    def _json(self, data: bytes) -> dict[str, Any]:
        try:
            value = from_json(data)
        except ValueError as error:
            raise self._error(f"a message is no JSON: {error}") from None
        if not isinstance(value, dict):
            raise self._error("a message is no JSON object")
        return value

    def _records(self, name: str, kind: type[Any]) -> Iterator[tuple[str, int, Any]]:
        for topic, message in self._messages(self._topics(name)):
            yield topic.split("/")[1], self._now(message), self._decode(kind, message)

    def _batch(self, topic: str, message: Mapping[str, Any]) -> Batch:
        sensor = self._int(message, "sensor")
        return Batch(
            topic.split("/")[1],
            self._now(message),
            self._decode(Detections, message),
            None if sensor < 0 else sensor,
            self._int(message, "step"),
            heard=self._heard(message),
        )

    def _heard(self, message: Mapping[str, Any]) -> tuple[int, ...] | None:
        heard = message.get("heard")
        if heard is None:
            return None
        if not isinstance(heard, list) or any(type(index) is not int or index < 0 for index in heard):
            raise self._error(f"a message has heard = {heard!r:.40}, expected a list of sensor numbers")
        return tuple(heard)

    def _decode(self, kind: type[Any], message: Mapping[str, Any]) -> Any:
        try:
            n = self._int(message, "n")
            if not 0 <= n <= ROWS_LIMIT:
                raise ValueError(f"{n} rows")
            return decode_columns(kind, n, message.get("columns", {}))
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            raise self._error(f"{kind.__name__} of a step are not readable: {error}") from None

    def _arrays(self, message: Mapping[str, Any]) -> dict[str, np.ndarray]:
        arrays = {}
        for name, values in message.get("columns", {}).items():
            text = all(isinstance(v, str) for v in values)
            numbers = any(v is None or isinstance(v, float | str) for v in values) and not text
            arrays[name] = np.array(values, dtype=float) if numbers else np.array(values)
        return arrays

    def _flight(self, message: Mapping[str, Any]) -> Flight:
        try:
            return _flight(message)
        except (KeyError, TypeError, ValueError) as error:
            raise self._error(f"a flight is not readable: {error}") from None

    def _now(self, message: Mapping[str, Any]) -> int:
        try:
            stamp = message["timestamp"]
            return int(stamp["sec"]) * NS + int(stamp["nsec"])
        except (KeyError, TypeError, ValueError):
            raise self._error("a message has no timestamp") from None

    def _int(self, message: Mapping[str, Any], key: str) -> int:
        value = message.get(key)
        if not isinstance(value, int) or value < -1:
            raise self._error(f"a message has {key} = {value!r}, expected a whole number")
        return value

    def _error(self, reason: str) -> InputError:
        return InputError(reason, path=self.path)


class _Grouped:
    """Joins the outputs of one step, which follow each other in the file."""

    def __init__(self, decode: Callable[[type[Any], Mapping[str, Any]], Any]) -> None:
        self._decode = decode
        self._key: tuple[int, str, int] | None = None
        self._said: dict[str, Columns] = {}

    def add(
        self, site_id: str, name: str, step: int, now_ns: int, message: Mapping[str, Any]
    ) -> list[tuple[str, Step]]:
        """Take one message; gives out the step before it once that is complete."""
        key = (step, site_id, now_ns)
        done = self.rest() if key != self._key else []
        self._key = key
        self._said[name] = self._decode(_KINDS[name], message)
        return done

    def rest(self) -> list[tuple[str, Step]]:
        """Give out what is left."""
        if self._key is None or not self._said:
            return []
        said: Any = [self._said.get(name, kind.empty()) for name, kind in OUTPUTS]
        self._said = {}
        return [(self._key[1], Step(self._key[2], *said))]


def _flight(message: Mapping[str, Any]) -> Flight:
    # recordings made before a field was there lack it
    values = {name: message[name] for name in FLIGHT_FIELDS if name in message or name != "tip_speed_ms"}
    numbers = ("burnout_s", "ln_drag", "rcs_dbsm", "tip_speed_ms")
    values |= {name: float("nan") for name in numbers if name in values and values[name] is None}
    time_s, position, velocity = (np.array(message[name], dtype=float) for name in FLIGHT_ARRAYS)
    fate = Fate[str(message["fate"]).upper()]
    return Flight(
        time_s=time_s, position_enu=position.reshape(-1, 3), velocity_enu=velocity.reshape(-1, 3), fate=fate, **values
    )
