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
    usual = 0.3
    for number in range(stage.rounds):
        before = len(model.patients)
        if number % 2 == 0:
            ready = model.prepare(16)
            model.load(4)
            began, ends = time.monotonic(), []

            def hand_in(patient, ends=ends, began=began):
                patient.go()
                ends.append(time.monotonic() - began)

            crowd = threading.Thread(target=model.side_by_side, args=([lambda patient=patient: hand_in(patient) for patient in ready],), daemon=True)
            crowd.start()
            time.sleep(lottery.uniform(0, 1.2 * usual))
            program.kill()
            crowd.join()
            usual = 0.5 * usual + 0.5 * max(ends, default=2 * usual)
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
