"""The digest of a chain's outputs: equal outputs give an equal `output_sha256`."""

import hashlib

from rampart.records import Engagements, Predictions, Tracks, Warnings


class OutputDigest:
    """SHA-256 over the records of each step, in emission order.

    Within a step the order is tracks, predictions, warnings, engagements, each in the canonical form of
    `Columns.canonical_bytes`. A record without rows adds nothing, so a step in which nothing is said adds nothing.

    Examples
    --------
    >>> digest = OutputDigest()
    >>> digest.update(Tracks.empty(), Predictions.empty(), Warnings.empty(), Engagements.empty())
    >>> digest.hexdigest()[:16]
    'e3b0c44298fc1c14'
    """

    def __init__(self) -> None:
        self._sha = hashlib.sha256()

    def update(self, tracks: Tracks, predictions: Predictions, warnings: Warnings, engagements: Engagements) -> None:
        """Add the outputs of one step of one site's chain."""
        for records in (tracks, predictions, warnings, engagements):
            if len(records):
                self._sha.update(records.canonical_bytes())

    def hexdigest(self) -> str:
        """The digest so far, 64 hexadecimal characters."""
        return self._sha.hexdigest()
