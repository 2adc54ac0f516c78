"""What the scenarios stand on: the program under test, a PostgreSQL cluster of its own, ports, SQL."""

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

import wire


class Failed(Exception):
    """Something that must hold does not."""


class NotRun(Exception):
    """This machine can't do it; said aloud, never passed over."""


def check(holds, what):
    if not holds:
        raise Failed(what)


def until(seconds, what, ask, every=0.1):
    """Asks until it is so, and returns what was answered."""
    end = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > end:
            raise Failed(f"not within {seconds} s: {what}")
        time.sleep(every)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_root():
    return os.geteuid() == 0


class Cluster:
    """A PostgreSQL cluster in a folder of its own, run by a user who is not root."""

    USER = "kartlegging"

    def __init__(self):
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        path = f"{found[-1].parent}:{os.environ['PATH']}" if found else os.environ["PATH"]
        if not shutil.which("initdb", path=path):
            raise NotRun("PostgreSQL is missing (Debian package postgresql)")
        self.environment = {"PATH": path, "LC_ALL": "C"}
        self.as_server = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if is_root() else []
        self.folder = Path(tempfile.mkdtemp(prefix="kartlegging-faults-"))
        if is_root():
            shutil.chown(self.folder, "postgres", "postgres")
        self.data, self.port, self.names = self.folder / "data", free_port(), 0
        self.server("initdb", "-D", self.data, "-U", self.USER, "--auth=trust", "--encoding=UTF8", "--locale=C")
        settings = {
            "listen_addresses": "'127.0.0.1'", "port": self.port, "unix_socket_directories": "''",
            "max_connections": 100, "shared_buffers": "64MB",
            # A killed backend restarts the cluster, and a crash is recovered from, as in production.
            "restart_after_crash": "on", "fsync": "on", "synchronous_commit": "on",
        }
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.writelines(f"{name} = {value}\n" for name, value in settings.items())
        self.start()

    def server(self, *command):
        done = subprocess.run([*self.as_server, *map(str, command)], env=self.environment, cwd="/", capture_output=True, text=True)
        check(done.returncode == 0, f"{command[0]} failed: {done.stderr.strip()[-400:]}")

    def start(self):
        self.server("pg_ctl", "-D", self.data, "-w", "-l", self.folder / "log", "start")

    def crash(self):
        self.server("pg_ctl", "-D", self.data, "-m", "immediate", "stop")

    def close(self):
        try:
            self.crash()
        except Failed:
            pass
        shutil.rmtree(self.folder, ignore_errors=True)

    def psql(self, database, sql):
        command = ["psql", "-XAtq", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", self.USER, "-d", database]
        done = subprocess.run([*command, "-c", sql], env=self.environment, capture_output=True, text=True, timeout=60)
        check(done.returncode == 0, f"psql: {done.stderr.strip()}")
        return [tuple(line.split("\x1f")) for line in done.stdout.splitlines()]

    def pids(self):
        """Processes of connections of the program."""
        return [int(row[0]) for row in self.psql("postgres", "SELECT pid FROM pg_stat_activity WHERE datname LIKE 't%' AND backend_type = 'client backend'")]

    def database(self):
        self.names += 1
        self.psql("postgres", f"CREATE DATABASE t{self.names}")
        return f"t{self.names}"

    def url(self, database, port=None):
        return f"postgres://{self.USER}@127.0.0.1:{port or self.port}/{database}"


class Store:
    """The database as SQL, read only."""

    def __init__(self, cluster, folder, name):
        self.cluster, self.folder, self.name = cluster, folder, name
        self.kind = "postgres" if name else "sqlite"

    def url(self, port=None):
        return self.cluster.url(self.name, port) if self.name else f"sqlite://{self.folder / 'kartlegging.db'}"

    def rows(self, sql):
        """`{x}` in the statement: a column of bytes or an id as hex digits."""
        if self.name:
            sql = re.sub(r"\{([\w.]+)\}", lambda m: f"replace(replace({m.group(1)}::text, '-', ''), '\\x', '')", sql)
            return self.cluster.psql(self.name, sql)
        sql = re.sub(r"\{([\w.]+)\}", lambda m: f"lower(hex({m.group(1)}))", sql)
        connection = sqlite3.connect(f"file:{self.folder / 'kartlegging.db'}?mode=ro", uri=True, timeout=20)
        try:
            return [tuple("" if value is None else str(value) for value in row) for row in connection.execute(sql)]
        finally:
            connection.close()

    def one(self, sql):
        return self.rows(sql)[0][0]

    def sound(self):
        """Whether the file itself is whole, and every row points at rows that exist."""
        if not self.name:
            found = self.one("PRAGMA integrity_check")
            check(found == "ok", f"integrity_check: {found}")
            check(self.rows("PRAGMA foreign_key_check") == [], "foreign_key_check")


class Program:
    """The program under test as a service, started and stopped as often as a scenario needs."""

    def __init__(self, binary, store, folder, **settings):
        self.binary, self.store, self.folder = binary, store, folder
        self.port = free_port()
        self.settings = {
            "KARTLEGGING_LISTEN": f"127.0.0.1:{self.port}",
            "KARTLEGGING_BASE_URL": f"http://127.0.0.1:{self.port}",
            "KARTLEGGING_DATABASE_URL": store.url(),
            "KARTLEGGING_KEYS_FILE": str(folder / "keys.toml"),
            "KARTLEGGING_MIGRATE": "true",
            "KARTLEGGING_ALLOW_SYNTHETIC_PERSONS": "true",
            # Every patient comes from an address of their own.
            "KARTLEGGING_TRUSTED_PROXIES": "127.0.0.1",
            "KARTLEGGING_DRAIN_SECONDS": "5",
            "KARTLEGGING_LOG_FORMAT": "json",
        } | settings
        self.log = folder / f"log-{self.port}"
        self.process = None

    def environment(self):
        own = {k: v for k, v in os.environ.items() if not k.startswith("KARTLEGGING_") and k != "DATABASE_URL"}
        return own | self.settings

    def command(self, *arguments):
        """Runs a command and returns what it prints."""
        done = subprocess.run([self.binary, *arguments], env=self.environment(), cwd=self.folder, capture_output=True, text=True, timeout=120)
        check(done.returncode == 0, f"{' '.join(arguments[:2])}: {done.stderr.strip()[-400:]}")
        return done.stdout.strip()

    def start(self, ready=True, before=()):
        with self.log.open("a") as sink:
            self.process = subprocess.Popen([*before, self.binary, "serve"], env=self.environment(), cwd=self.folder, stdout=sink, stderr=sink)
        if ready:
            self.ready(60)
        return self

    def is_ready(self):
        check(self.process.poll() is None, f"the program ended with {self.process.returncode}: {self.tail()}")
        answer = wire.call(self.port, "GET", "/readyz", timeout=20)
        return answer is not None and answer.status == 200

    def ready(self, seconds):
        until(seconds, "ready", self.is_ready)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=30)

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed("the program did not end within 60 s of SIGTERM") from None
        check(self.process.returncode == 0, f"the program ended with {self.process.returncode} after SIGTERM: {self.tail()}")

    def tail(self):
        return self.log.read_text()[-1500:] if self.log.exists() else ""

    def lines(self):
        """The log, line by line."""
        for line in self.log.read_text().splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                # The line that a kill cut off.
                continue


class House:
    """One hospital with its tokens, made once for each kind of database and copied for each scenario."""

    def __init__(self, binary, cluster, kind):
        self.binary, self.cluster, self.kind = binary, cluster, kind
        self.folder = Path(tempfile.mkdtemp(prefix="kartlegging-faults-"))
        self.name = cluster.database() if kind == "postgres" else None
        self.rented = []
        program = Program(binary, Store(cluster, self.folder, self.name), self.folder)
        program.command("keys", "create")
        organization = program.command("organization", "add", "--name", "Oppdiktet helseforetak", "--number", "900000014", "--phone", "55000001")
        self.unit = program.command("unit", "add", "--organization", organization, "--name", "Poliklinikken", "--phone", "55000002")
        scopes = [part for scope in ("invitations:write", "invitations:read", "patients:read", "responses:read") for part in ("--scope", scope)]
        client = program.command("client", "add", "--organization", organization, "--name", "letters", *scopes)
        person = program.command("clinician", "add", "--organization", organization, "--name", "Nora Oppdiktet", "--hpr", "9900001", "--role", f"clinician:{self.unit}")
        self.client = program.command("token", "issue", "--client", client, "--minutes", "100000").split()[-1]
        self.clinician = program.command("token", "issue", "--clinician", person, "--minutes", "100000").split()[-1]

    def rent(self, at=None):
        """A copy of the database for one scenario, in a folder that is deleted at the end."""
        folder = Path(tempfile.mkdtemp(prefix="kartlegging-faults-", dir=at))
        self.rented.append(folder)
        shutil.copy(self.folder / "keys.toml", folder)
        if self.kind == "sqlite":
            for file in self.folder.glob("kartlegging.db*"):
                shutil.copy(file, folder)
            return Store(self.cluster, folder, None), folder
        self.cluster.names += 1
        name = f"t{self.cluster.names}"
        self.cluster.psql("postgres", f"CREATE DATABASE {name} TEMPLATE {self.name}")
        return Store(self.cluster, folder, name), folder

    def close(self):
        for folder in [self.folder, *self.rented]:
            shutil.rmtree(folder, ignore_errors=True)
