"""The parts a scenario can name: kind -> spec, for our own parts and for plugins alike.

A spec is looked up as text and imported when first asked for, so a live process that is not given the rooms
`threat` and `engage` never imports them.
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

#: Entry-point group of plugins; an entry is named ``room.kind`` and points at a spec class.
GROUP = "rampart.components"

#: Rooms that accept plugins. The kinds of effector, of engagement and of out are closed lists.
OPEN_ROOMS = ("threat", "sensor", "track", "predict", "warn")

PARTS: Mapping[str, Mapping[str, str]] = {
    "threat": {
        "rocket": "rampart.threat.ballistic:RocketSpec",
        "shell": "rampart.threat.ballistic:ShellSpec",
        "mortar": "rampart.threat.ballistic:MortarSpec",
        "multirotor": "rampart.threat.drone:MultirotorSpec",
        "fixed_wing": "rampart.threat.drone:FixedWingSpec",
        "recorded": "rampart.threat.recorded:RecordedSpec",
        "bird": "rampart.threat.harmless:BirdSpec",
        "aircraft": "rampart.threat.harmless:AircraftSpec",
        "civil_drone": "rampart.threat.harmless:CivilDroneSpec",
    },
    "sensor": {
        "radar3d": "rampart.sensor.radar:Radar3DSpec",
        "radar2d": "rampart.sensor.radar:Radar2DSpec",
        "direction_finder": "rampart.sensor.bearing:DirectionFinderSpec",
        "camera": "rampart.sensor.bearing:CameraSpec",
        "eo_ir": "rampart.sensor.eo_ir:EoIrSpec",
        "acoustic": "rampart.sensor.acoustic:AcousticSpec",
        "id_receiver": "rampart.sensor.id_receiver:IdReceiverSpec",
    },
    "track": {"imm": "rampart.track.tracker:TrackerSpec"},
    "predict": {"sigma_points": "rampart.predict.predictor:PredictorSpec"},
    "warn": {"zones": "rampart.warn.spec:WarnerSpec"},
    "engage": {
        "gun": "rampart.engage.effector:GunSpec",
        "interceptor": "rampart.engage.effector:InterceptorSpec",
        "jammer": "rampart.engage.effector:JammerSpec",
        "directed_energy": "rampart.engage.effector:DirectedEnergySpec",
    },
    "engagement": {"shoot_look_shoot": "rampart.engage.engager:EngagerSpec"},
    "zone": {"geojson": "rampart.warn.geojson:read_zones"},
    "out": {
        "mqtt": "rampart.serve.channels.mqtt:MqttSpec",
        "webhook": "rampart.serve.channels.webhook:WebhookSpec",
        "sse": "rampart.serve.channels.sse:SseSpec",
        "cap_files": "rampart.serve.channels.cap_files:CapFilesSpec",
        "cot": "rampart.serve.channels.cot:CotSpec",
        "sapient": "rampart.serve.channels.sapient:SapientSpec",
        "siren": "rampart.serve.siren.out:SirenSpec",
    },
    "feed": {
        "asterix": "rampart.serve.feed.asterix:AsterixFeedSpec",
        "adsb": "rampart.serve.feed.adsb:AdsbFeedSpec",
        "cot": "rampart.serve.feed.cot:CotFeedSpec",
        "sapient": "rampart.serve.feed.sapient:SapientFeedSpec",
        "file": "rampart.serve.feed.file:FileFeedSpec",
    },
}


@cache
def _plugins() -> dict[tuple[str, str], str]:
    found = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name):
        room, _, kind = entry.name.partition(".")
        if room in OPEN_ROOMS and kind and kind not in PARTS[room]:
            found[room, kind] = entry.value
    return found


def kinds(room: str) -> tuple[str, ...]:
    """The kinds of part that a room offers, ours first.

    >>> kinds("engage")
    ('gun', 'interceptor', 'jammer', 'directed_energy')
    """
    return (*PARTS[room], *(kind for r, kind in _plugins() if r == room))


def find(room: str, kind: str) -> type:
    """The spec class of a kind.

    Raises
    ------
    LookupError
        If the room has no such kind; the message says which it has.
    """
    target = PARTS[room].get(kind) or _plugins().get((room, kind))
    if target is None:
        raise LookupError(f"{room} has no kind {kind!r}; expected one of {', '.join(kinds(room))}")
    module, _, name = target.partition(":")
    spec: type = getattr(import_module(module), name)
    return spec
