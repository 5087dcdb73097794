"""Layout: the elements of CAP 1.2 in their order, how often each stands, and what it holds.

One table for the reader and the writer; tests hold it against the XSD of OASIS.
"""

from dataclasses import dataclass
from typing import NamedTuple

from .alert import Alert, Area, Info, Resource

STATUS = ("Actual", "Exercise", "System", "Test", "Draft")
MSG_TYPE = ("Alert", "Update", "Cancel", "Ack", "Error")
SCOPE = ("Public", "Restricted", "Private")
CATEGORY = (
    "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other",
)  # fmt: skip
RESPONSE_TYPE = ("Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None")
URGENCY = ("Immediate", "Expected", "Future", "Past", "Unknown")
SEVERITY = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
CERTAINTY = ("Observed", "Likely", "Possible", "Unlikely", "Unknown")


class Slot(NamedTuple):
    """One element of a message."""

    tag: str
    field: str  #: of the dataclass
    kind: str = "text"
    required: bool = False
    many: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """An element with elements in it."""

    make: type
    slots: tuple[Slot, ...]


_AREA = Part(
    Area,
    (
        Slot("areaDesc", "area_desc", required=True),
        Slot("polygon", "polygon", "polygon", many=True),
        Slot("circle", "circle", "circle", many=True),
        Slot("geocode", "geocode", "pair", many=True),
        Slot("altitude", "altitude", "decimal"),
        Slot("ceiling", "ceiling", "decimal"),
    ),
)
_RESOURCE = Part(
    Resource,
    (
        Slot("resourceDesc", "resource_desc", required=True),
        Slot("mimeType", "mime_type", required=True),
        Slot("size", "size", "integer"),
        Slot("uri", "uri", "uri"),
        Slot("derefUri", "deref_uri"),
        Slot("digest", "digest"),
    ),
)
_INFO = Part(
    Info,
    (
        Slot("language", "language", "language"),
        Slot("category", "category", "choice", True, True, CATEGORY),
        Slot("event", "event", required=True),
        Slot("responseType", "response_type", "choice", many=True, values=RESPONSE_TYPE),
        Slot("urgency", "urgency", "choice", True, values=URGENCY),
        Slot("severity", "severity", "choice", True, values=SEVERITY),
        Slot("certainty", "certainty", "choice", True, values=CERTAINTY),
        Slot("audience", "audience"),
        Slot("eventCode", "event_code", "pair", many=True),
        Slot("effective", "effective_ns", "time"),
        Slot("onset", "onset_ns", "time"),
        Slot("expires", "expires_ns", "time"),
        Slot("senderName", "sender_name"),
        Slot("headline", "headline"),
        Slot("description", "description"),
        Slot("instruction", "instruction"),
        Slot("web", "web", "uri"),
        Slot("contact", "contact"),
        Slot("parameter", "parameter", "pair", many=True),
        Slot("resource", "resource", "resource", many=True),
        Slot("area", "area", "area", many=True),
    ),
)
ALERT = Part(
    Alert,
    (
        Slot("identifier", "identifier", required=True),
        Slot("sender", "sender", required=True),
        Slot("sent", "sent_ns", "time", required=True),
        Slot("status", "status", "choice", True, values=STATUS),
        Slot("msgType", "msg_type", "choice", True, values=MSG_TYPE),
        Slot("source", "source"),
        Slot("scope", "scope", "choice", True, values=SCOPE),
        Slot("restriction", "restriction"),
        Slot("addresses", "addresses"),
        Slot("code", "code", many=True),
        Slot("note", "note"),
        Slot("references", "references", "references"),
        Slot("incidents", "incidents"),
        Slot("info", "info", "info", many=True),
    ),
)
#: Kinds of slot that hold further elements.
PARTS = {"info": _INFO, "resource": _RESOURCE, "area": _AREA}
