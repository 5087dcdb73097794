"""Files of the channel for CAP beside xmllint and, signed, beside xmlsec's rules as signxml has them."""

import subprocess

import pytest

from rampart.records import Outcome, Phase
from rampart.serve.channels.cap_files import CapFilesSpec
from rampart.wire.cap.signature import verify_alert

from .deliveries import certificates, delivering, step, until, warning  # noqa: F401


@pytest.mark.counterparty
@pytest.mark.parametrize("signed", [False, True])
def test_every_file_satisfies_the_schema_and_the_signature_holds(
    require_service,
    shared_data,
    tmp_path,
    certificates,  # noqa: F811
    signed,
):
    keys = {}
    if signed:
        pytest.importorskip("signxml", reason="signxml is not installed")
        keys = {"key_file": str(certificates / "server.key"), "certificate_file": str(certificates / "server.pem")}
    peer = CapFilesSpec(id="cap", kind="cap_files", folder="cap", sender="rampart@base.invalid", **keys)
    with delivering(peer, folder=tmp_path) as dispatcher:
        until(lambda: dispatcher.health()[0].state == "up")
        dispatcher.tell("embassy", step(warning(1, 0, phase=Phase.PREPARE), warning(2, 0, 1)))
        dispatcher.tell("embassy", step(warning(1, 1, phase=Phase.CANCEL, reason="no threat")))
        until(lambda: dispatcher.deliveries().outcome.tolist() == [Outcome.ACKNOWLEDGED] * 3)
    files = sorted(str(path) for path in (tmp_path / "cap").iterdir())
    assert len(files) == 3
    command = [require_service("xmllint"), "--nonet", "--noout", "--schema", str(shared_data("cap/cap12.xsd")), *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    if signed:
        trusted = [(certificates / "server.pem").read_bytes()]
        for name in files:
            with open(name, "rb") as file:
                assert verify_alert(file.read(), trusted).identifier
