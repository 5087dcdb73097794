"""Read a recording: what the chain said of the tracks, and when it warned whom."""

import sys

from rampart.ledger import RecordingReader
from rampart.records import Phase, track_name

reader = RecordingReader(sys.argv[1] if len(sys.argv) > 1 else "out/recording.mcap")
sites = {site.id: site for site in reader.sites}
print(f"{reader.header['scenario']['name']}, seed {reader.header['seed']}")

for site_id, now_ns, warnings in reader.warnings():
    site = sites[site_id]
    for warning in warnings:
        second = (now_ns - site.start_ns) * 1e-9
        behind = ", ".join(track_name(site_id, number) for number in warning.tracks)
        print(
            f"{second:7.1f} s  {site.zones[warning.zone].id}: {Phase(warning.phase).label}  {behind}  {warning.reason}"
        )
