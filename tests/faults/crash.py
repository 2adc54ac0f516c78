"""The program is killed while patients hand in."""

import random
import threading
import time

from ground import Program
from model import Model


def kill(stage):
    """SIGKILL in the middle of sixteen hand-ins and a load of everything else, again and again.

    Every second round nobody hands in at the same moment, so that the other steps are hit as well.
    """
    store, folder = stage.house.rent()
    program = stage.keep(Program(stage.program, store, folder).start(), Program.kill)
    model = Model(stage.house, store, program.port)
    lottery = random.Random(20261122)
    acknowledged = in_doubt = 0
    for number in range(stage.rounds):
        before = len(model.patients)
        if number % 2 == 0:
            ready = model.prepare(16)
            model.load(2 if stage.short else 4)
            crowd = threading.Thread(target=model.side_by_side, args=([patient.go for patient in ready],), daemon=True)
            crowd.start()
            # After so many of the sixteen have their answer.
            enough, end = lottery.randrange(0, 16), time.monotonic() + 10
            while sum(patient.response is not None for patient in ready) < enough and time.monotonic() < end:
                time.sleep(0.001)
            program.kill()
            crowd.join()
        else:
            model.load(16)
            time.sleep(lottery.uniform(0.2, 1.0))
            program.kill()
        model.rest()
        fresh = model.patients[before:]
        acknowledged += sum(patient.response is not None for patient in fresh)
        in_doubt += sum(patient.doubts for patient in fresh)
        program.start()
        model.settle(fresh)
    model.end(stage.short)
    stage.say(f"{stage.rounds} kills: {acknowledged} hand-ins were acknowledged before them, {in_doubt} requests got no answer; all {len(model.patients)} are there once")
    program.stop()


SCENARIOS = {"kill": (kill, ["sqlite", "postgres"])}
