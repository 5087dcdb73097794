"""The ledger's benchmark: what it imports is what it wrote, and both databases answer the same."""

from rampart.bench.ledger import _measure, write_claims
from rampart.ledger.incidents import Ledger
from rampart.ledger.incidents.answers import ask


def test_it_measures_what_it_says(ledger_place, tmp_path):
    write_claims(tmp_path / "claims.csv", 30, 3, seed=0)
    found = _measure(ledger_place, tmp_path / "claims.csv", 1)
    assert (found["incidents"], found["claims"], found["sound"], found["n"]) == (30, 90, True, 1)
    assert all(found[name] > 0.0 for name in ("import_claims_per_s", "import_claims_per_cpu_s", "stats_s"))
    assert all(found[name] >= 0.0 for name in ("stats_cpu_s", "stats_one_site_cpu_s", "verify_cpu_s"))
    recorded = ask(Ledger(ledger_place))["recorded"]
    assert recorded["total"] == 30
    assert sum(kind["incidents"] for kind in recorded["weapons"].values()) >= 30
    assert recorded["outcome"]["incidents"] > 10


def test_its_table_depends_on_the_seed_alone(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_claims(tmp_path / name, 20, 2, seed)
    texts = [(tmp_path / name).read_bytes() for name in "abc"]
    assert texts[0] == texts[1] != texts[2]
    assert texts[0].count(b"\n") == 41
