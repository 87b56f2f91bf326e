"""`portal demo` and `portal stop`: one command starts all, one ends exactly that, and what is killed comes back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.request

import pytest
from redis import Redis

from portal.cli.running import began
from portal.embedded import status
from tests.cli.conftest import Installation, is_alive, wait_for

pytestmark = pytest.mark.slow


def started(installation: Installation, name: str) -> list[int]:
    """Return the processes that were started under a name, oldest first."""
    lines = [json.loads(line) for line in installation.log.splitlines() if line.startswith("{")]
    return [line["pid"] for line in lines if line["event"] == "process_started" and line["name"] == name]


def keeper(installation: Installation) -> int:
    return int((installation.var / "portal" / "running").read_text().split()[0])


def answers(installation: Installation) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{installation.port}/readyz", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def test_it_can_be_used_when_the_command_returns(running: Installation) -> None:
    assert answers(running)
    assert running.type("db status").returncode == 0
    assert running.type("check").returncode == 0
    assert running.type("servers status").returncode == 0


def test_a_second_run_is_quick_and_says_that_it_runs(running: Installation) -> None:
    before, began_at = keeper(running), time.monotonic()
    for line in ("demo --detach --empty", "demo --empty"):
        done = running.type(line)
        assert (done.returncode, done.stderr) == (0, "")
        assert f"Parcelyard runs already: http://127.0.0.1:{running.port}\n" in done.stdout
    assert time.monotonic() - began_at < 20
    assert keeper(running) == before


def test_another_installation_on_the_same_port_is_told_so_and_makes_nothing(
    running: Installation, installation: Installation
) -> None:
    installation.port = running.port
    done = installation.type("demo --detach --empty")
    assert done.returncode == 2
    assert done.stderr == (
        f"portal: Port {running.port} on 127.0.0.1 cannot be used (address already in use); end the program that has it, "
        f"or set PORT to another one, for example PORT={running.port + 1}.\n"
    )
    assert not (installation.var / "postgres").exists()
    assert answers(running)


@pytest.mark.parametrize("name", ["worker-1", "dispatcher", "web"])
def test_a_killed_process_is_replaced_and_the_others_stay(running: Installation, name: str) -> None:
    names = {"worker-1", "dispatcher", "web"}
    old = {each: started(running, each)[-1] for each in names}
    os.kill(old[name], signal.SIGKILL)
    wait_for(lambda: started(running, name)[-1] != old[name])
    wait_for(lambda: answers(running))
    assert {each: started(running, each)[-1] for each in names - {name}} == {
        each: old[each] for each in names - {name}
    }


def test_killed_servers_come_back(running: Installation) -> None:
    servers = status(running.var)
    assert servers is not None
    with Redis.from_url(servers.redis_url) as client:
        redis = int(client.info("server")["process_id"])
    os.kill(redis, signal.SIGKILL)
    wait_for(lambda: not is_alive(redis))
    wait_for(lambda: status(running.var) == servers)
    wait_for(lambda: answers(running))


def test_servers_that_are_needed_are_not_stopped(running: Installation) -> None:
    done = running.type("servers stop")
    assert done.returncode == 2
    assert done.stderr == (
        f"portal: Parcelyard runs at http://127.0.0.1:{running.port} and needs its servers; stop both with `portal stop`.\n"
    )
    assert status(running.var) is not None


def test_stop_ends_all_of_it_once(running: Installation) -> None:
    pids = [keeper(running), *(started(running, name)[-1] for name in ("web", "dispatcher", "worker-1"))]
    assert all(map(is_alive, pids))
    done = running.type("stop")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"Parcelyard at http://127.0.0.1:{running.port} was stopped.\nThe built-in PostgreSQL and Redis were stopped.\n"
    )
    assert not any(map(is_alive, pids))
    assert status(running.var) is None
    assert running.type("stop").stdout == f"Nothing of {running.var} was running.\n"


def test_stop_leaves_a_stranger_alone_that_has_got_the_number(installation: Installation) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:
        note = installation.var / "portal" / "running"
        note.parent.mkdir(parents=True)
        note.write_text(
            f"{stranger.pid}\n{int(began(stranger.pid)) - 1}\nhttp://127.0.0.1:{installation.port}\n"
        )
        assert installation.type("stop").stdout == f"Nothing of {installation.var} was running.\n"
        assert stranger.poll() is None
        assert not note.exists()
        stranger.kill()


def test_ctrl_c_ends_everything_and_the_data_stays(installation: Installation) -> None:
    demo = installation.begin("demo --empty")
    assert demo.stdout is not None
    assert any("Ctrl-C" in line for line in iter(demo.stdout.readline, ""))
    pids = [
        keeper(installation),
        *(started(installation, name)[-1] for name in ("web", "dispatcher", "worker-1")),
    ]
    os.killpg(demo.pid, signal.SIGINT)
    out, err = demo.communicate(timeout=60)
    assert (demo.returncode, err) == (0, "")
    assert out.endswith("Stopped. The data stays; the same command goes on with it.\n")
    assert not any(map(is_alive, pids))
    assert status(installation.var) is None
    assert (installation.var / "postgres" / "PG_VERSION").exists()


def test_children_end_with_a_keeper_that_was_killed(installation: Installation) -> None:
    assert installation.type("demo --detach --empty").returncode == 0
    pids = [started(installation, name)[-1] for name in ("web", "dispatcher", "worker-1")]
    os.kill(keeper(installation), signal.SIGKILL)
    wait_for(lambda: not any(map(is_alive, pids)))
    done = installation.type("demo --detach --empty")
    assert done.returncode == 0
    assert f"Parcelyard is ready: http://127.0.0.1:{installation.port}\n" in done.stdout
