"""The command, as a real process."""

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from catalog.alerts.channels import command
from catalog.events import DeliveryError
from tests.alerts.messages import message

PYTHON = sys.executable
HERE = {"PATH": os.environ["PATH"]}


def program(code: str, *arguments: str, timeout: float = 10, environment: Mapping[str, str] = HERE) -> command.Command:
    """A channel that runs a few lines of Python."""
    return command.open_([PYTHON, "-c", code, *arguments], timeout=timeout, environment=environment)


def refusal(channel: command.Command) -> str:
    with pytest.raises(DeliveryError) as raised:
        channel.send(message())
    return str(raised.value)


def eventually(condition: Callable[[], bool]) -> bool:
    until = time.monotonic() + 5
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    return condition()


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_frozen_payload_arrives_on_standard_input_byte_by_byte(tmp_path: Path) -> None:
    sent = message(payload='{"name": "Zoë \u202e",  "more": "' + "x" * 1_000_000 + '"}')
    heard = tmp_path / "heard"
    program("import sys; open(sys.argv[1], 'wb').write(sys.stdin.buffer.read())", str(heard)).send(sent)
    assert heard.read_bytes() == sent.payload.encode()


def test_arguments_are_no_shell(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    program("import sys; open(sys.argv[1], 'w').write(sys.argv[2])", str(heard), "$(id); `id` > x").send(message())
    assert heard.read_text() == "$(id); `id` > x"


@pytest.mark.parametrize(
    "code", ["", "import os; os.close(0)", "print('x' * 5_000_000)", "import sys; sys.stdin.read(1)"]
)
def test_a_program_that_ends_well_took_it_whatever_it_reads_and_prints(code: str) -> None:
    program(code).send(message(payload="x" * 1_000_000))


def test_another_exit_code_is_a_refusal_and_the_end_of_what_it_said_is_told() -> None:
    said = "import sys; sys.stderr.write('long ago ' * 100 + '\\x1b[31mno\\u202e room\\nleft\\xff\\n'); sys.exit(7)"
    words = refusal(program(said))
    assert words.startswith(f"{Path(PYTHON).name} ended with exit code 7: ")
    assert words.endswith("\\x1b[31mno\\u202e room leftÿ")
    assert len(words) < 300


def test_what_floods_its_errors_is_neither_held_in_memory_nor_waited_for() -> None:
    assert refusal(program("import sys; sys.stderr.write('y' * 50_000_000); sys.exit(1)")).endswith("y" * 200)


def test_a_program_that_is_killed_did_not_take_it() -> None:
    assert refusal(program("import os; os.kill(os.getpid(), 9)")).endswith("was ended by signal 9")


def test_a_program_that_hangs_is_killed_with_all_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = """
import os, subprocess, sys, time
child = subprocess.Popen(["sleep", "600"])
with open(sys.argv[1] + ".new", "w") as file:
    file.write(f"{os.getpid()} {child.pid}")
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(600)
"""
    began = time.monotonic()
    words = refusal(program(code, str(pids), timeout=1.5))
    assert words.endswith("had not ended after 1.5 s and was killed")
    assert time.monotonic() - began < 5
    assert eventually(lambda: not any(is_running(int(pid)) for pid in pids.read_text().split()))


def test_a_child_that_stays_behind_with_the_pipes_is_not_waited_for(tmp_path: Path) -> None:
    code = "import subprocess, sys; open(sys.argv[1], 'w').write(str(subprocess.Popen(['sleep', '600']).pid))"
    began = time.monotonic()
    program(code, str(tmp_path / "pid")).send(message(payload="x" * 1_000_000))
    assert time.monotonic() - began < 5
    child = int((tmp_path / "pid").read_text())
    assert is_running(child)
    os.kill(child, signal.SIGKILL)


def test_a_program_that_is_not_there_or_not_to_be_run_is_told_by_its_name(tmp_path: Path) -> None:
    plain = tmp_path / "on-change"
    assert refusal(command.open_([str(plain)])) == "there is no program on-change"
    plain.write_text("no program")
    assert refusal(command.open_([str(plain)])) == "the program on-change cannot be run"
    plain.chmod(0o755)
    assert refusal(command.open_([str(plain)])) == "the program on-change cannot be run"


def test_the_environment_goes_along_but_no_key(tmp_path: Path) -> None:
    keys = {"ANTHROPIC_API_KEY": "canary", "ANTHROPIC_AUTH_TOKEN": "canary", "OTHER_KEY": "canary"}
    code = "import os, sys; open(sys.argv[1], 'w').write(repr(dict(os.environ)))"
    heard = tmp_path / "heard"
    argv = [PYTHON, "-c", code, str(heard)]
    command.open_(argv, withheld={"OTHER_KEY"}, environment={**HERE, **keys, "HOOK": "kept"}).send(message())
    assert "canary" not in heard.read_text()
    assert "'HOOK': 'kept'" in heard.read_text()


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_no_descriptor_is_left_open() -> None:
    channel, failing = program(""), program("import sys; sys.exit(1)")
    channel.send(message())
    before = descriptors()
    channel.send(message())
    refusal(failing)
    assert descriptors() == before
