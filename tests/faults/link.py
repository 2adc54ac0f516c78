"""PostgreSQL goes away, in the ways it does."""

import os
import signal
import time

import wire
from ground import Program, check, until
from model import Model
from pages import Writer
from proxy import Proxy

# Longest that a request may wait for a database that is away: a connection is waited for 5 s, an answer 10 s.
PATIENCE = 16


def begin(stage, proxied=False, **settings):
    store, folder = stage.house.rent()
    proxy = stage.keep(Proxy(stage.cluster.port), Proxy.close) if proxied else None
    if proxy:
        settings["KARTLEGGING_DATABASE_URL"] = store.url(proxy.port)
    program = stage.keep(Program(stage.program, store, folder, **settings).start(), lambda program: program.process.poll() is None and program.kill())
    return program, Model(stage.house, store, program.port), proxy


def away(stage, program, model, writer):
    """While the database is gone: 503 with Retry-After everywhere that needs it, in good time."""
    began, seen = time.monotonic(), {}

    def api(path, token):
        answer = wire.call(program.port, "GET", path, token=token)
        seen[path] = time.monotonic() - began
        check(answer is not None and answer.status == 503, f"{path}: {answer and (answer.status, answer.text[:200])}")
        check(answer.code == "unavailable" and int(answer.headers["retry-after"]) > 0, f"{path}: no problem with Retry-After")

    def page():
        seen["answer"] = writer.kept(writer.send())
        seen["page"] = time.monotonic() - began

    def health(path, status):
        answer = wire.call(program.port, "GET", path)
        check(answer is not None and answer.status == status, f"{path}: {answer and answer.status}")

    model.side_by_side([
        lambda: api("/api/v1/session", model.patients[0].session),
        lambda: api(f"/api/v1/worklist?unit={stage.house.unit}&from=2026-01-01&to=2026-01-02", stage.house.clinician),
        page, lambda: health("/readyz", 503), lambda: health("/healthz", 200),
    ])
    answer = seen.pop("answer")
    check(max(seen.values()) < PATIENCE, f"a 503 took {max(seen.values()):.1f} s")
    return answer, max(seen.values())


def recovered(program, began):
    program.ready(30)
    return time.monotonic() - began


def finish(stage, program, model, said):
    model.rest()
    model.settle()
    model.end(stage.short)
    program.stop()
    stage.say(f"{said}; {len(model.patients)} patients, {sum(p.doubts for p in model.patients)} requests without an answer, {model.later} refused for now")


def pg_crash(stage):
    """PostgreSQL is stopped with `-m immediate` under load, and started again."""
    program, model, _ = begin(stage)
    waits, backs = [], []
    model.prepare(1)
    for _ in range(1 if stage.short else 5):
        writer = Writer(model)
        model.load(stage.crowd)
        time.sleep(1.0)
        stage.cluster.crash()
        try:
            page, slowest = away(stage, program, model, writer)
        finally:
            stage.cluster.start()
        backs.append(recovered(program, time.monotonic()))
        waits.append(slowest)
        time.sleep(1.0)
        model.rest()
        writer.again(page)
    finish(stage, program, model, f"a 503 took {max(waits):.1f} s at most, the service was back {max(backs):.1f} s after the database")


def pg_backend_killed(stage):
    """One backend is killed with SIGKILL (the cluster restarts), then all connections are ended."""
    program, model, _ = begin(stage)
    for _ in range(1 if stage.short else 5):
        model.load(stage.crowd)
        time.sleep(0.7)
        os.kill(stage.cluster.pids()[0], signal.SIGKILL)
        until(30, "the cluster is back", lambda: back(stage))
        recovered(program, time.monotonic())
        time.sleep(0.7 if not stage.short else 0.2)
        stage.cluster.psql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 't%'")
        time.sleep(0.7)
        recovered(program, time.monotonic())
        model.rest()
    finish(stage, program, model, "backends killed and ended")


def back(stage):
    try:
        return stage.cluster.psql("postgres", "SELECT 1")
    except Exception:
        return False


def cut_after_commit(stage):
    """Connections are cut after COMMIT, before its answer: the client takes the step again."""
    program, model, proxy = begin(stage, proxied=True)
    writers = [Writer(model) for _ in range(2 if stage.short else 10)]
    model.prepare(2)
    # Every commit, for pages: what is sent again was saved the first time.
    proxy.set("cut-commits", every=1)
    pages = [writer.kept(writer.send()) for writer in writers]
    proxy.set("ok")
    for writer, page in zip(writers, pages):
        writer.stands()
        writer.again(page)
    proxy.set("cut-commits", every=3)
    model.load(stage.crowd)
    until(40, "commits are cut", lambda: proxy.cuts > 10)
    time.sleep(0 if stage.short else 30)
    model.running = False
    proxy.set("ok")
    check(proxy.cuts > 10, f"only {proxy.cuts} commits were cut")
    finish(stage, program, model, f"{proxy.cuts} of {proxy.commits} commits were cut off from their answer")


def pg_blackhole(stage):
    """The way to PostgreSQL swallows everything, then is only slow: nothing hangs, the pool is not lost."""
    program, model, proxy = begin(stage, proxied=True)
    writer = Writer(model)
    model.prepare(1)
    model.load(stage.crowd)
    time.sleep(1.0)
    proxy.set("blackhole")
    page, slowest = away(stage, program, model, writer)
    if not stage.short:
        time.sleep(20)
    # What was under way is lost, as when a firewall has forgotten the connections.
    proxy.cut()
    proxy.set("ok")
    waited = recovered(program, time.monotonic())
    time.sleep(1.0)
    before = model.done()
    proxy.set("slow", delay=0.02)
    until(40, "somebody gets through after it", lambda: model.done() > before)
    proxy.set("ok")
    model.rest()
    writer.again(page)
    finish(stage, program, model, f"a 503 took {slowest:.1f} s at most, the service was back after {waited:.1f} s")


SCENARIOS = {
    "pg-crash": (pg_crash, ["postgres"]),
    "pg-backend-killed": (pg_backend_killed, ["postgres"]),
    "cut-after-commit": (cut_after_commit, ["postgres"]),
    "pg-blackhole": (pg_blackhole, ["postgres"]),
}
