"""What the load scripts share: programs on free ports of 127.0.0.1, a throw-away PostgreSQL, wrk."""

import contextlib
import glob
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def settings(port, **more):
    """The environment of a program: nothing of the caller's settings, and these."""
    own = {
        "KARTLEGGING_LISTEN": f"127.0.0.1:{port}",
        "KARTLEGGING_BASE_URL": f"http://127.0.0.1:{port}",
    }
    kept = {k: v for k, v in os.environ.items() if not k.startswith("KARTLEGGING_") and k != "DATABASE_URL"}
    return kept | own | {f"KARTLEGGING_{name.upper()}": value for name, value in more.items()}


@contextlib.contextmanager
def running(command, folder, environment, path, port):
    """Runs a program until the block ends; it has answered `path` before the block begins."""
    started = time.monotonic()
    with (Path(folder) / "out").open("w") as out, (Path(folder) / "log").open("w") as log:
        process = subprocess.Popen([str(part) for part in command], cwd=folder, env=environment, stdout=out, stderr=log)
    try:
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5):
                    break
            except (urllib.error.URLError, ConnectionError):
                if process.poll() is not None or time.monotonic() - started > 60:
                    raise SystemExit((Path(folder) / "log").read_text()[-2000:])
                time.sleep(0.005)
        process.ready_after = time.monotonic() - started
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


POSTGRES = r"""
set -eu
folder=$(mktemp -d)
trap 'pg_ctl -D "$folder/data" -m fast stop >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT INT TERM
initdb -D "$folder/data" -U kartlegging --auth=trust --encoding=UTF8 --locale=C >/dev/null
printf "listen_addresses = '127.0.0.1'\nport = $1\nunix_socket_directories = ''\nmax_connections = 100\nshared_buffers = 512MB\nmax_wal_size = 4GB\n" >> "$folder/data/postgresql.conf"
pg_ctl -D "$folder/data" -w -l "$folder/log" start >/dev/null
echo ready
cat >/dev/null
"""


@contextlib.contextmanager
def postgres():
    """A cluster with its defaults for durability (`fsync`, `synchronous_commit` on); gives its address."""
    port = free_port()
    command = ["bash", "-c", POSTGRES, "bash", str(port)]
    if os.geteuid() == 0:
        command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "env", "-u", "TMPDIR", *command]
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    environment = os.environ | {"PATH": os.pathsep.join([os.environ["PATH"], *found[-1:]])}
    cluster = subprocess.Popen(command, env=environment, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert cluster.stdout.readline().strip() == "ready", "PostgreSQL did not start"
        yield f"postgres://kartlegging@127.0.0.1:{port}/postgres"
    finally:
        cluster.stdin.close()
        cluster.wait(timeout=60)


def memory(process):
    """Resident memory, MiB."""
    text = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) / 1024


def cpu(process):
    """Processor time used so far, seconds."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def milliseconds(text):
    return float(re.sub(r"[a-z]", "", text)) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60000}[re.sub(r"[\d.]", "", text)]


def wrk(port, path, seconds, connections, script=None, arguments=()):
    """Requests a second, p50 and p99 in milliseconds. Any answer but 2xx and 3xx ends the run."""
    threads = min(2, connections)
    command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--latency"]
    command += ["-s", str(script)] if script else []
    command += [f"http://127.0.0.1:{port}{path}"]
    command += ["--", *map(str, arguments)] if arguments else []
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    text = done.stdout
    assert "Non-2xx" not in text and "Socket errors" not in text, text + done.stderr
    assert "Lines ran out" not in text, f"more requests than lines in {seconds} s: prepare more of them"
    share = lambda percent: milliseconds(re.search(rf"^\s+{percent}%\s+(\S+)", text, re.MULTILINE).group(1))
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)), share(50), share(99)


def folder():
    return tempfile.TemporaryDirectory(prefix="kartlegging-load-")
