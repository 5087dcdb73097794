"""[[out]] in a site file: what is wrong is one clear line that names the place; nothing that leaves can be added."""

import subprocess
import sys

import pytest

from rampart import registry
from rampart.errors import InputError
from rampart.pipeline import CHAIN_ROOMS, build_places, load
from rampart.serve.delivery import Setting, build_outs

SITE = """schema = 1
name = "base"
start = 2021-07-05T21:00:00Z
duration_s = 10.0

[[site]]
id = "{site}"
origin = {{ lat_deg = 33.3, lon_deg = 44.39, height_m = 34.0 }}

[[zone]]
id = "north"
polygon_en_m = [[-150, 50], [150, 50], [150, 250], [-150, 250]]
shelter_time_s = 10.0

[[out]]
"""


@pytest.fixture
def build(tmp_path):
    def make(out, site="base"):
        path = tmp_path / "site.toml"
        path.write_text(SITE.format(site=site) + out)
        scenario = load(path, rooms=CHAIN_ROOMS)
        return build_outs(scenario, build_places(scenario), Setting(lambda: 0, folder=scenario.folder))

    return make


GOOD = {
    "mqtt": 'id = "b"\nkind = "mqtt"\nurl = "mqtt://[::1]:1884"\nlanguages = ["en", "ckb"]\napprovals = 2',
    "webhook": 'id = "h"\nkind = "webhook"\nurl = "http://127.0.0.1:9/a?b=c"',
    "sse": 'id = "s"\nkind = "sse"\nport = 8099',
    "cap_files": 'id = "c"\nkind = "cap_files"\nfolder = "cap"\nsender = "rampart@base.invalid"',
}


@pytest.mark.parametrize("kind", GOOD)
def test_a_good_one_is_built_and_connects_to_nothing(build, kind):
    (out,) = build(GOOD[kind])
    assert (out.kind, out.site) == (kind, "base")


BAD = [
    ('kind = "mqtt"\nurl = "mqtt://a"', "missing key 'id'"),
    ('id = "b"\nkind = "pigeon"', "out has no kind 'pigeon'; expected one of mqtt"),
    ('id = "b"\nkind = "mqtt"', "missing key 'url'"),
    ('id = "b"\nkind = "mqtt"\nurl = "http://a"', "expected mqtt://HOST[:PORT] or mqtts://HOST[:PORT]"),
    ('id = "b"\nkind = "mqtt"\nurl = "mqtt://"', "expected mqtt://HOST"),
    ('id = "b"\nkind = "mqtt"\nurl = "mqtt://a:99999"', "expected mqtt://HOST"),
    ('id = "b"\nkind = "mqtt"\nurl = "mqtt://a/b"', "nothing behind it"),
    ('id = "b"\nkind = "mqtt"\nurl = "mqtt://a b"', "expected mqtt://HOST"),
    ('id = "b"\nkind = "mqtt"\nurl = "mqtt://u:canary@a"', "expected no user or password here"),
    ('id = "b"\nkind = "mqtt"\nurl = "mqtt://a"\nversion = "4"', "version = '4'"),
    ('id = "b"\nkind = "mqtt"\nurl = "mqtt://a"\npassword = "canary"', "unknown key 'password'"),
    ('id = "b"\nkind = "mqtt"\nurl = "mqtt://a"\npassword_file = "no"', "cannot be read"),
    ('id = "b"\nkind = "mqtt"\nurl = "mqtt://a"\npassword_env = "RAMPART_NO_SUCH"', "has no RAMPART_NO_SUCH"),
    ('id = "b"\nkind = "mqtt"\nurl = "mqtt://a"\npassword_env = "HOME"', "a password without a user"),
    ('id = "b"\nkind = "mqtt"\nurl = "mqtt://a"\nca_file = "ca.pem"', "are for mqtts://"),
    ('id = "b"\nkind = "mqtt"\nurl = "mqtts://a"\nca_file = "no.pem"', "cannot be read"),
    ('id = "b"\nkind = "mqtt"\nurl = "mqtts://a"\nca_file = "site.toml"', "no good certificate or key"),
    ('id = "b"\nkind = "mqtt"\nurl = "mqtts://a"\nkey_file = "site.toml"', "needs certificate_file"),
    ('id = "b"\nkind = "mqtt"\nurl = "mqtt://a"\nlanguages = ["xx"]', "languages has 'xx', expected one of"),
    ('id = "b"\nkind = "mqtt"\nurl = "mqtt://a"\nlanguages = []', "languages"),
    ('id = "b"\nkind = "mqtt"\nurl = "mqtt://a"\napprovals = 3', "approvals = 3"),
    ('id = "b"\nkind = "mqtt"\nurl = "mqtt://a"\ntimeout_s = 0.0', "timeout_s = 0.0"),
    ('id = "b"\nkind = "mqtt"\nurl = "mqtt://a"\nqueue = 0', "queue = 0"),
    ('id = "b"\nkind = "mqtt"\nurl = "mqtt://a"\nclient_id = "a/b"', "client_id"),
    ('id = "h"\nkind = "webhook"\nurl = "ftp://a/b"', "expected http://HOST[:PORT] or https://HOST[:PORT]"),
    ('id = "h"\nkind = "webhook"\nurl = "https://a/b#c"', "nothing behind it"),
    ('id = "h"\nkind = "webhook"\nurl = "http://a"\nsecret_file = "a"\nsecret_env = "B"', "expected one of them"),
    ('id = "h"\nkind = "webhook"\nurl = "http://a"\nsecret_file = "empty"', "is empty"),
    ('id = "s"\nkind = "sse"\nhost = "0.0.0.0"', "open to others: that needs certificate_file and a token"),
    ('id = "s"\nkind = "sse"\nport = 0', "port = 0"),
    ('id = "s"\nkind = "sse"\norigins = ["map.example"]', "expected origins such as"),
    ('id = "s"\nkind = "sse"\ncertificate_file = "site.toml"', "no good certificate or key"),
    ('id = "c"\nkind = "cap_files"\nfolder = "cap"', "missing key 'sender'"),
    ('id = "c"\nkind = "cap_files"\nfolder = "cap"\nsender = "a b"', "sender 'a b'"),
    ('id = "c"\nkind = "cap_files"\nfolder = "cap"\nsender = "a@b.invalid"\nsite = "other"', "expected one of base"),
]


@pytest.mark.parametrize(("out", "why"), BAD)
def test_a_bad_one_is_one_line_that_says_why(build, tmp_path, out, why):
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(InputError) as refusal:
        build(out)
    assert why in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert "canary" not in str(refusal.value)


def test_two_of_one_id_are_refused(build):
    with pytest.raises(InputError, match="stands twice"):
        build(f"{GOOD['sse']}\n[[out]]\n{GOOD['sse']}")


@pytest.mark.parametrize("site", ["exercise", "test"])
def test_no_site_takes_the_topics_of_exercises(build, site):
    with pytest.raises(InputError, match="would use the topics"):
        build(GOOD["mqtt"], site=site)


def test_the_kinds_are_a_closed_list():
    assert "out" not in registry.OPEN_ROOMS


def test_a_missing_package_is_one_clear_line(build, monkeypatch):
    from importlib import util

    for module in ("mqtt", "webhook", "sse"):
        found = util.find_spec
        monkeypatch.setattr(f"rampart.serve.channels.{module}.find_spec", lambda name, found=found: None)
        with pytest.raises(InputError, match=r"pip install 'rampart\[live\]'"):
            build(GOOD[module])


def test_reading_a_site_file_imports_none_of_the_packages(tmp_path):
    path = tmp_path / "site.toml"
    path.write_text(SITE.format(site="base") + "\n[[out]]\n".join(GOOD.values()))
    code = (
        "import sys; from rampart.pipeline import load; load(sys.argv[1]); "
        "print(sorted({'aiomqtt', 'paho', 'starlette', 'uvicorn', 'h11', 'signxml'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_recording_does_not_hold_where_warnings_went(tmp_path):
    path = tmp_path / "site.toml"
    path.write_text(SITE.format(site="base") + GOOD["mqtt"])
    assert "out" not in load(path).resolved()


def test_check_reads_them_and_says_one_line(tmp_path):
    path = tmp_path / "site.toml"
    path.write_text(SITE.format(site="base") + 'id = "b"\nkind = "mqtt"\nurl = "mqtt//a"')
    done = subprocess.run(
        [sys.executable, "-m", "rampart", "check", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"rampart: {path}:18: out 'b': url = 'mqtt//a', expected mqtt://HOST")
    assert done.stderr.count("\n") == 1
