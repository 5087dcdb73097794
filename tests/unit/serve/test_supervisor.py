"""The supervisor: what is killed is started at once, what fails by itself is given time."""

import json
import subprocess
import sys

import pytest

PROGRAM = """
import json, os, signal, sys
from rampart.serve.service.supervisor import Supervisor

class Receiver:
    def look(self):
        pass

def work(start, alive_fd):
    if start == 7:
        return 0
    if sys.argv[1] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    return 3

supervisor, waits = Supervisor(work, Receiver()), []
supervisor._pause = lambda wait_s: waits.append(wait_s) or True
print(json.dumps([supervisor.run(), supervisor.starts, waits]))
"""


@pytest.mark.parametrize(("how", "waits"), [("killed", [0.0] * 6), ("fails", [0.0, 0.0, 0.0, 0.5, 1.0, 2.0])])
def test_starts_and_the_waits_between_them(how, waits):
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [0, 7, waits]
