"""The machine's clock is set forward and back (libfaketime)."""

import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import wire
from ground import NotRun, Program, check, until
from model import Model

MINUTE, HOUR, DAY = 60, 3600, 86400


class Clock:
    """The program's idea of the time, as seconds from ours."""

    def __init__(self, folder):
        found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        if not found:
            raise NotRun("libfaketime is missing (Debian package faketime)")
        self.file = folder / "faketime"
        self.environment = {
            "LD_PRELOAD": str(found[0]), "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1",
            # A machine's monotonic clock is not set.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
        }
        self.set(0)

    def set(self, seconds):
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}s\n")
        fresh.replace(self.file)
        self.ahead = seconds
        time.sleep(0.05)


def jumping(stage):
    """Forward and back, with and without a restart: what was over stays over, and jobs go on."""
    store, folder = stage.house.rent()
    clock = Clock(folder)
    idle = 10 * MINUTE
    program = Program(stage.program, store, folder, KARTLEGGING_SESSION_IDLE_MINUTES=str(idle // MINUTE), **clock.environment)
    stage.keep(program.start(), lambda program: program.process.poll() is None and program.kill())
    model = Model(stage.house, store, program.port)
    guessed, waiting, idler, late = model.prepare(4, to="link")

    def enter(patient, date):
        return wire.call(program.port, "POST", "/api/v1/session", {"link": patient.link, "birth_date": date}, headers={"x-forwarded-for": patient.address})

    def is_now(answer, status, code, what):
        check(answer is not None and (answer.status, answer.code) == (status, code), f"{what}: {answer and (answer.status, answer.text[:200])}")

    def restart(ahead):
        program.stop()
        clock.set(ahead)
        program.start()

    # Three wrong dates bring a wait of a minute; the clock goes back an hour.
    for patient in (guessed, waiting):
        for _ in range(3):
            is_now(enter(patient, "1950-01-01"), 401, "credential-wrong", "a wrong date")
        is_now(enter(patient, "1961-04-17"), 429, "too-many-attempts", "while one waits")
    session = enter(idler, "1961-04-17").json["session_token"]
    clock.set(-HOUR)
    is_now(enter(waiting, "1961-04-17"), 429, "too-many-attempts", "while one waits, the clock set back")
    clock.set(70)
    check(enter(waiting, "1961-04-17").status == 201, "the wait is not over after it")

    # A block of addresses that has used its window up has no other one in the past.
    block = {"x-forwarded-for": "203.0.113.9"}
    guess = lambda: wire.call(program.port, "POST", "/api/v1/session", {"link": "nothing", "birth_date": "1950-01-01"}, headers=block).status
    check([guess() for _ in range(21)][-1] == 429, "21 failures of one block")
    clock.set(70 - 11 * MINUTE)
    check(guess() == 429, "a block of addresses is let in again when the clock goes back")

    # An unused session ends, and stays ended.
    clock.set(idle + MINUTE)
    read = lambda: wire.call(program.port, "GET", "/api/v1/session", token=session)
    is_now(read(), 401, "session-ended", "an unused session")
    clock.set(0)
    is_now(read(), 401, "session-ended", "an unused session, the clock set back")
    restart(-HOUR)
    is_now(read(), 401, "session-ended", "an unused session, the clock set back and a restart")
    is_now(enter(guessed, "1961-04-17"), 429, "too-many-attempts", "while one waits, the clock set back and a restart")

    # The rest of the ten attempts, each after its wait.
    ahead = 0
    for _ in range(7):
        ahead += 16 * MINUTE
        clock.set(ahead)
        is_now(enter(guessed, "1950-01-01"), 401, "credential-wrong", "a wrong date after its wait")
    is_now(enter(guessed, "1961-04-17"), 429, "attempts-exhausted", "after ten")
    restart(0)
    is_now(enter(guessed, "1961-04-17"), 429, "attempts-exhausted", "after ten, the clock set back and a restart")

    # The time to answer is over; then the clock goes back.
    clock.set(8 * DAY)
    is_now(enter(late, "1961-04-17"), 410, "invitation-expired", "after the visit")
    until(30, "jobs run in the future", lambda: leases(store) > now(7 * DAY))
    clock.set(0)
    is_now(enter(late, "1961-04-17"), 410, "invitation-expired", "after the visit, the clock set back")
    restart(0)
    is_now(enter(late, "1961-04-17"), 410, "invitation-expired", "after the visit, the clock set back and a restart")

    # Leases from that future hold no job up.
    until(30, "jobs run again", lambda: leases(store) < now(DAY))
    told = [line for line in program.lines() if "clock went back" in str(line.get("fields", line))]
    check(len(told) >= 3, f"the log tells of {len(told)} jumps")
    store.sound()
    program.stop()
    stage.say("set back an hour, eleven minutes and eight days")


def leases(store):
    return min(row[0].replace("T", " ")[:19] for row in store.rows("SELECT last_run_at FROM job_lease"))


def now(ahead):
    return (datetime.now(timezone.utc) + timedelta(seconds=ahead)).strftime("%Y-%m-%d %H:%M:%S")


SCENARIOS = {"clock": (jumping, ["sqlite", "postgres"])}
