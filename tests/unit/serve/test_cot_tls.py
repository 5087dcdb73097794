"""TLS to a TAK server: both sides are known to each other, or nothing is said."""

import asyncio
import datetime
import ssl
import time

import pytest

from rampart.errors import InputError
from rampart.records import Outcome
from rampart.serve.delivery import PeerState, Setting

from .tak import delivering, tak_server, until
from .test_cot_stream import make, outcomes, step

DAY = datetime.timedelta(days=1)
NOW = datetime.datetime.now(datetime.UTC)


def server_context(authority, certificate, key, newest=None):
    """TLS of a server that asks for a client's certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.file))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificate, key)
    if newest is not None:
        context.minimum_version = context.maximum_version = newest
    return context


@pytest.fixture
def tls_out(site, tmp_path, authority):
    """An out that trusts the authority and has a certificate of it."""
    authority.issue("us")

    def make_out(port, **values):
        files = {"ca_file": "authority.pem", "certificate_file": "us.pem", "key_file": "us.key", **values}
        return make(site, port, tmp_path, "tls", **files)

    return make_out


async def first_alarm(server, out):
    """The alarm that a server gives rise to; nothing may have been said to it."""
    async with delivering(out) as dispatcher:
        dispatcher.tell("embassy", step(3))
        await until(lambda: dispatcher.heard)
        await asyncio.sleep(0.3)
        assert server.events == []
        assert dispatcher.health()[0].state in (PeerState.DOWN, PeerState.SILENT)
        return dispatcher.heard[0].text


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_sides_are_known_and_warnings_are_acknowledged(authority, tls_out, version):
    async def work():
        context = server_context(authority, *authority.issue("server"), newest=version)
        async with tak_server(tls=context) as server, delivering(tls_out(server.port)) as dispatcher:
            dispatcher.tell("embassy", step(3))
            await until(lambda: outcomes(dispatcher) == [Outcome.ACKNOWLEDGED])

    asyncio.run(work())


@pytest.mark.parametrize("case", ["other authority", "expired", "not yet", "wrong host"])
def test_a_server_that_is_not_who_it_should_be_is_told_nothing(authority, tls_out, tmp_path, case):
    async def work():
        issuer, values = authority, {}
        if case == "other authority":
            issuer = type(authority)(tmp_path, "stranger")
        elif case == "expired":
            values = {"start": NOW - 3 * DAY, "end": NOW - 2 * DAY}
        elif case == "not yet":
            values = {"start": NOW + 2 * DAY, "end": NOW + 3 * DAY}
        elif case == "wrong host":
            values = {"host": "tak.example"}
        context = server_context(authority, *issuer.issue("server", **values))
        async with tak_server(tls=context) as server:
            text = await first_alarm(server, tls_out(server.port))
            assert "its certificate is not believed" in text
            words = {"other authority": "issuer", "expired": "expired", "not yet": "not yet valid"}
            assert words.get(case, "IP address mismatch") in text

    asyncio.run(work())


def test_a_name_may_be_given_where_it_is_not_the_hosts(authority, tls_out):
    async def work():
        context = server_context(authority, *authority.issue("server", host="tak.example"))
        async with tak_server(tls=context) as server:
            async with delivering(tls_out(server.port, server_name="tak.example")) as dispatcher:
                await until(lambda: dispatcher.health()[0].state == PeerState.UP)
            assert "mismatch" in await first_alarm(server, tls_out(server.port, server_name="other.example"))

    asyncio.run(work())


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_that_the_server_does_not_know_says_nothing(authority, site, tmp_path, version):
    async def work():
        type(authority)(tmp_path, "stranger").issue("them")
        files = {"ca_file": "authority.pem", "certificate_file": "them.pem", "key_file": "them.key"}
        context = server_context(authority, *authority.issue("server"), newest=version)
        async with tak_server(tls=context) as server:
            text = await first_alarm(server, make(site, server.port, tmp_path, "tls", **files))
            assert "TLS" in text or "closed" in text or "reset" in text.lower()

    asyncio.run(work())


def test_a_server_without_tls_and_tls_below_1_2_are_refused(authority, tls_out):
    async def work():
        async with tak_server() as server:
            text = await first_alarm(server, tls_out(server.port))
            assert "TLS" in text or "does not answer" in text
        assert tls_out(1).channel._tls.minimum_version == ssl.TLSVersion.TLSv1_2

    asyncio.run(work())


def test_tls_always_checks_host_and_authority(tls_out):
    context = tls_out(1).channel._tls
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize("broken", ["ca_file", "certificate_file", "key_file"])
def test_a_bad_file_is_named_at_the_start(tls_out, tmp_path, broken):
    (tmp_path / "bad.pem").write_text("-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n")
    with pytest.raises(InputError, match="out 'tak': no good certificate or key") as caught:
        tls_out(1, **{broken: "bad.pem"})
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=r"gone.pem: out 'tak': cannot be read"):
        tls_out(1, **{broken: "gone.pem"})


def test_a_key_of_another_certificate_is_refused(tls_out, authority, site, tmp_path):
    authority.issue("other")
    with pytest.raises(InputError, match="no good certificate or key"):
        tls_out(1, key_file="other.key")
    assert Setting(time.time_ns).live is False
