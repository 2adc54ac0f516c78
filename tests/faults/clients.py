"""Clients that behave badly: they stall in the middle of a body, or ask for much and hang up."""

import socket
import subprocess
import time

import wire
from ground import Program, check, until
from model import Model
from pages import Writer
from proxy import reset

# Longest wait of the service for the next part of a body, and what a test allows above it.
SLOWEST, GRACE = 15, 10


def begin(stage):
    store, folder = stage.house.rent()
    program = stage.keep(Program(stage.program, store, folder).start(), lambda program: program.process.poll() is None and program.kill())
    return program, Model(stage.house, store, program.port)


def times(ask, count):
    taken = []
    for _ in range(count):
        began = time.monotonic()
        answer = ask()
        taken.append(time.monotonic() - began)
        check(answer is not None and answer.status == 200, f"{answer and (answer.status, answer.text[:200])}")
    return sorted(taken)


def busy(stage, program):
    """Connections of the program that are not idle in PostgreSQL."""
    name = program.store.name
    return stage.cluster.psql("postgres", f"SELECT state, wait_event_type, query FROM pg_stat_activity WHERE datname = '{name}' AND backend_type = 'client backend' AND state <> 'idle'")


def slow_post(stage):
    """Hundreds send half a body and stall: the others notice nothing, and the database is not held."""
    program, model = begin(stage)
    patient, writer = model.prepare(1)[0], Writer(model)
    ask = lambda: wire.call(program.port, "GET", "/api/v1/session", token=patient.session)
    usual = times(ask, 20)
    cookies = "; ".join(f"{k}={v}" for k, v in writer.browser.cookies.items() if v)
    kinds = [
        ("POST", "/api/v1/session", "application/json", ""),
        ("PUT", "/api/v1/session/draft", "application/json", f"Authorization: Bearer {patient.session}\r\nIf-Match: \"1\"\r\n"),
        ("POST", "/api/v1/invitations", "application/json", f"Authorization: Bearer {stage.house.client}\r\nIdempotency-Key: slow-post\r\n"),
        ("POST", writer.path, "application/x-www-form-urlencoded", f"Cookie: {cookies}\r\n"),
    ]
    stalled = []
    for number in range(200 if stage.short else 400):
        method, path, media, more = kinds[number % len(kinds)]
        client = socket.create_connection(("127.0.0.1", program.port), timeout=10)
        client.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {media}\r\nContent-Length: 5000\r\n{more}\r\n".encode() + b'{"a": "' + b"x" * 100)
        stalled.append(client)
    time.sleep(1)
    during = times(ask, 20)
    if stage.kind == "postgres":
        # A touch of a session may be under way at the moment of a look; what is held is held at each.
        looks = [len(busy(stage, program)) for _ in range(5)]
        check(min(looks) == 0, f"connections in use while bodies are waited for: {looks}")
    check(during[18] < max(5 * usual[18], 0.5), f"other requests take {during[18]:.2f} s, before it {usual[18]:.2f} s")
    third = len(stalled) // 3
    for client in stalled[:third]:
        reset(client)
    for client in stalled[third : 2 * third]:
        client.close()
    times(ask, 5)
    waited = 0.0
    if not stage.short:
        began = time.monotonic()
        for client in stalled[2 * third :]:
            client.settimeout(SLOWEST + GRACE)
            while client.recv(65536):
                pass
        waited = time.monotonic() - began
        check(waited < SLOWEST + GRACE, f"a stalled client is waited for {waited:.0f} s")
    for client in stalled[2 * third :]:
        client.close()
    model.settle()
    model.end(stage.short)
    check(int(program.store.one("SELECT count(*) FROM idempotency WHERE key = 'slow-post'")) == 0, "a key was taken for a body that never came")
    program.stop()
    stage.say(f"{len(stalled)} stalled; 19 of 20 other requests took under {during[18] * 1000:.0f} ms, before it {usual[18] * 1000:.0f} ms")


def abandoned(stage):
    """Clients ask for lists that take long and hang up: the work ends, and its connections are free."""
    program, model = begin(stage)
    model.prepare(8, to="link")
    path = f"/api/v1/worklist?unit={stage.house.unit}&from={time.strftime('%Y-%m-%d')}&to={time.strftime('%Y-%m-%d', time.localtime(time.time() + 20 * 86400))}"
    ask = lambda: wire.call(program.port, "GET", path, token=stage.house.clinician)
    usual = times(ask, 5)[-1]
    # What makes a list slow, and slow for sure: somebody else's lock.
    command = ["psql", "-XAtq", "-h", "127.0.0.1", "-p", str(stage.cluster.port), "-U", stage.cluster.USER, "-d", program.store.name]
    holder = subprocess.Popen(command, env=stage.cluster.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    stage.keep(holder, lambda holder: holder.kill())
    holder.stdin.write("BEGIN;\nLOCK TABLE invitation IN ACCESS EXCLUSIVE MODE;\nSELECT 'held';\n")
    holder.stdin.flush()
    check(holder.stdout.readline().strip() == "held", "no lock")
    # Lists read names; jobs that the clock starts meanwhile wait for the lock too, and nobody has hung up on them.
    waits = lambda: [row for row in busy(stage, program) if row[1] == "Lock" and "name_sealed" in row[2]]
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {stage.house.clinician}\r\n\r\n".encode()
    for hang_up in (reset, socket.socket.close):
        callers = []
        for _ in range(30):
            client = socket.create_connection(("127.0.0.1", program.port), timeout=10)
            client.sendall(request)
            callers.append(client)
        until(10, "lists wait for the lock", waits)
        for client in callers:
            hang_up(client)
        until(8, f"the work of those who hung up ({hang_up.__name__}) has ended", lambda: not waits())
        began = time.monotonic()
        answer = wire.call(program.port, "GET", "/readyz")
        check(answer is not None and answer.status == 200 and time.monotonic() - began < 2, f"after it: {answer and answer.status} in {time.monotonic() - began:.1f} s")
    told = "" if stage.short else f"; who waited was told after {is_told(ask):.1f} s"
    until(8, "the work of who was told has ended", lambda: not waits())
    holder.stdin.write("ROLLBACK;\n")
    holder.stdin.flush()
    after = times(ask, 5)[-1]
    program.stop()
    stage.say(f"60 hung up{told}; a list takes {after * 1000:.0f} ms, before it {usual * 1000:.0f} ms")


def is_told(ask):
    """Who does not hang up is told in time."""
    began = time.monotonic()
    answer = ask()
    took = time.monotonic() - began
    check(answer is not None and answer.status == 503 and answer.code == "unavailable" and took < 16, f"{answer and answer.status} after {took:.0f} s")
    return took


SCENARIOS = {"slow-post": (slow_post, ["sqlite", "postgres"]), "abandoned": (abandoned, ["postgres"])}
