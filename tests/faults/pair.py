"""Two instances on one PostgreSQL, behind a proxy that takes them in turn."""

import time
from collections import Counter

import wire
from ground import Program, check, until
from model import Model
from proxy import Proxy


def two(stage):
    """Each is killed under load; limits hold across both, and jobs run once."""
    store, folder = stage.house.rent()
    programs = []
    for _ in range(2):
        program = Program(stage.program, store, folder)
        programs.append(stage.keep(program.start(), lambda program: program.process.poll() is None and program.kill()))
    proxy = stage.keep(Proxy(*(program.port for program in programs)), Proxy.close)
    model = Model(stage.house, store, proxy.port)
    began = time.monotonic()
    runs = {}

    def sample():
        for job, at in store.rows("SELECT job, last_run_at FROM job_lease"):
            runs.setdefault(job, set()).add(at)
        return time.monotonic() - began

    for _ in range(1 if stage.short else 5):
        model.load(stage.crowd)
        for program in programs:
            time.sleep(1)
            program.kill()
            sample()
            time.sleep(1)
            program.start()
            sample()
        model.rest()
    model.settle()
    guess(stage, model)
    # Past the next turn of the schedule, in the long form of the shortest job.
    while sample() < (15 if stage.short else 130):
        time.sleep(0.5)
    seconds = time.monotonic() - began
    for job, every in (("expire-invitations", 60), ("purge", 3600)):
        most = 1 + seconds // every
        check(1 <= len(runs[job]) <= most, f"{job} ran {len(runs[job])} times in {seconds:.0f} s")
    model.end(stage.short)
    for program in programs:
        program.stop()
    shares = [sum(1 for line in program.lines() if "answered" in str(line.get("fields", line))) for program in programs]
    check(min(shares) > 0.2 * sum(shares), f"one of them did the work: {shares}")
    stage.say(f"{len(model.patients)} patients, {sum(p.doubts for p in model.patients)} requests without an answer, jobs ran {[len(r) for r in runs.values()]} times in {seconds:.0f} s")


def guess(stage, model):
    """Many guess at once, on both instances: no more tries than are allowed are looked at."""
    victim = model.prepare(1, to="link")[0]
    model.patients.remove(victim)
    seen = Counter()

    def guesser(secret, address):
        def work():
            answer = wire.call(model.port, "POST", "/api/v1/session", secret | {"birth_date": "1950-01-01"}, headers={"x-forwarded-for": address})
            seen[answer.status if answer else None] += 1
        return work

    model.side_by_side([guesser({"link": victim.link} if n % 2 else {"code": victim.code}, f"10.200.{n}.1") for n in range(40)])
    check(seen == {401: 3, 429: 37}, f"40 guesses at one letter at once: {dict(seen)}")
    counted = int(model.store.one(
        "SELECT a.failures FROM attempt a JOIN credential c ON c.code_hash = a.subject_hash JOIN credential_invitation ci ON ci.credential_id = c.id"
        f" WHERE a.scope = 'credential' AND replace(ci.invitation_id::text, '-', '') = '{victim.invitation.replace('-', '')}'"))
    check(counted == 3, f"{counted} are counted")
    seen.clear()
    # Not over the end of a window of ten minutes.
    until(15, "a window that has a while to go", lambda: time.time() % 600 < 590)
    model.side_by_side([guesser({"link": "nothing"}, f"203.0.113.{n}") for n in range(60)])
    check(seen == {401: 20, 429: 40}, f"60 guesses from one block of addresses at once: {dict(seen)}")


SCENARIOS = {"two": (two, ["postgres"])}
