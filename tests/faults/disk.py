"""The disk below an embedded database refuses: fsync fails, no room is left."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import wire
from ground import NotRun, Program, check, is_root, until
from model import Model
from pages import Writer


def acknowledged(model):
    return sum(len(patient.logged) for patient in model.patients)


def is_refused(program, patient):
    """Whether a write is refused now, as a problem with Retry-After."""
    answer = wire.call(program.port, "GET", "/api/v1/session", token=patient.session)
    check(answer is not None, f"no answer: {program.tail()}")
    check(answer.status in (200, 503), f"{answer.status} {answer.text[:300]}")
    if answer.status == 503:
        check(answer.code == "unavailable" and int(answer.headers["retry-after"]) > 0, "no problem with Retry-After")
    return answer.status == 503


def through(stage, program, model, strike, relief, said):
    """Load, the fault, what must hold meanwhile, relief, what must hold after it and after a kill."""
    patient, writer = model.prepare(1)[0], Writer(model)
    model.load(stage.crowd // 2)
    time.sleep(1)
    strike()
    until(30, "a write is refused", lambda: is_refused(program, patient), 0.01)
    # Commits that were under way when it began.
    time.sleep(0.5)
    before = acknowledged(model)
    page = writer.kept(writer.send())
    time.sleep(1 if stage.short else 5)
    check(is_refused(program, patient), "a write is not refused while the disk refuses")
    check(acknowledged(model) == before, f"{acknowledged(model) - before} requests were acknowledged while nothing could be stored")
    for path, status in (("/healthz", 200), ("/", 200)):
        answer = wire.call(program.port, "GET", path)
        check(answer is not None and answer.status == status, f"{path}: {answer and answer.status}")
    relief()
    began = time.monotonic()
    until(15, "the service goes on by itself", lambda: not is_refused(program, patient))
    back = time.monotonic() - began
    until(40, "somebody gets through after it", lambda: acknowledged(model) > before)
    model.rest()
    writer.again(page)
    model.settle()
    program.kill()
    program.start()
    writer.stands()
    if not stage.short:
        model.settle()
    model.end(stage.short)
    program.stop()
    stage.say(f"{said}; went on {back:.1f} s after it; {len(model.patients)} patients, {model.later} requests refused for now")


def fsync(stage):
    """Every fsync fails with EIO: nothing is acknowledged meanwhile, and the service goes on after it."""
    if not shutil.which("strace"):
        raise NotRun("strace is missing")
    if not is_root() and Path("/proc/sys/kernel/yama/ptrace_scope").read_text().strip() not in ("0", "1"):
        raise NotRun("strace may not attach here")
    store, folder = stage.house.rent()
    program = stage.keep(Program(stage.program, store, folder).start(), lambda program: program.process.poll() is None and program.kill())
    model = Model(stage.house, store, program.port)
    tracer = []

    def strike():
        own = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO"]
        tracer.append(subprocess.Popen([*own, "-p", str(program.process.pid)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True))
        time.sleep(0.5)
        if tracer[0].poll() is not None:
            raise NotRun(f"strace can't attach: {tracer[0].stderr.read().strip()[:200]}")

    def relief():
        tracer[0].terminate()
        tracer[0].wait(timeout=20)

    try:
        through(stage, program, model, strike, relief, "fsync failed")
    finally:
        if tracer and tracer[0].poll() is None:
            tracer[0].kill()


def full(stage):
    """The disk is full: refused in words, and nothing is lost when there is room again."""
    if not is_root():
        raise NotRun("needs root, to mount a small disk")
    mount = Path(tempfile.mkdtemp(prefix="kartlegging-faults-disk-"))
    stage.keep(mount, lambda mount: mount.rmdir())
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(mount)], capture_output=True, text=True)
    if done.returncode != 0:
        raise NotRun(f"a small disk can't be mounted: {done.stderr.strip()[:200]}")
    stage.keep(mount, lambda mount: subprocess.run(["umount", "-l", str(mount)], check=True))
    store, _ = stage.house.rent(at=mount)
    _, folder = stage.house.rent()
    program = stage.keep(Program(stage.program, store, folder).start(), lambda program: program.process.poll() is None and program.kill())
    model = Model(stage.house, store, program.port)
    filler = mount / "filler"

    def strike():
        with filler.open("wb", buffering=0) as file:
            piece = 1 << 20
            while piece:
                try:
                    check(file.write(bytes(piece)) > 0, "the disk takes no more and does not say so")
                except OSError:
                    piece >>= 1

    through(stage, program, model, strike, lambda: os.unlink(filler), "no room was left")


SCENARIOS = {"fsync": (fsync, ["sqlite"]), "full": (full, ["sqlite"])}
