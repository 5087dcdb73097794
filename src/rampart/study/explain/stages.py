"""Stages: all gates between a threat and a warning, in the order in which they are passed."""

from __future__ import annotations

from rampart.sensor.gates import Gate

#: Of a sensor, then of the chain behind it.
DWELL, ASSOCIATION, CLASSIFICATION, POLICY = "dwell", "association", "classification", "policy"
PASSED = "passed"  #: through all of them: tracked, believed and, where that was needed, warned of
DETECTED = Gate.DETECTED.label
OUT_OF_RANGE = Gate.RANGE.label

_SENSOR = (
    "range",
    "horizon",
    "mask",
    "beam",
    "pointing",
    "silent",
    "notch",
    "light",
    "pixels",
    "noise",
    "snr",
    "cell",
    "chance",
)
CHAIN = (DWELL, ASSOCIATION, CLASSIFICATION, POLICY, PASSED)
#: Gates that a sensor names and this list does not come just before the chain.
_OTHERS = tuple(g.label for g in Gate if g.value > 0 and g.label not in _SENSOR)
ORDER = (*_SENSOR, *_OTHERS, *CHAIN)
RANK = {name: rank for rank, name in enumerate(ORDER)}

#: Each gate in words: what became of the threat there.
WORDS = {
    "range": "outside of the sensor's range",
    "horizon": "below the horizon",
    "mask": "hidden behind terrain",
    "beam": "outside of the sensor's cover in elevation or azimuth",
    "pointing": "the camera looked elsewhere",
    "silent": "it emitted nothing that the sensor could hear",
    "notch": "too slow towards or away from the radar: taken for ground clutter",
    "light": "hidden by night, haze or rain",
    "pixels": "too small in the picture",
    "noise": "drowned in wind and background noise",
    "snr": "echo too weak",
    "cell": "in one resolution cell with something stronger",
    "chance": "in view, but not picked out",
    DWELL: "seen, but not often enough for a track",
    ASSOCIATION: "seen often enough, but its detections never became a track",
    CLASSIFICATION: "tracked, but not believed to be a threat of its kind",
    POLICY: "tracked and believed, but not warned of",
    PASSED: "through all gates",
}
