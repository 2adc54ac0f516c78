"""What was acknowledged and what is in doubt, and whether the service agrees with it.

A patient goes the whole way: invited, perhaps a wrong birth date first, let in, answers saved, handed
in. Each step is acknowledged (an answer with its 2xx was seen), refused for now (503), or in doubt (no
answer). A step that is not acknowledged is taken again, with the same idempotency key or draft version;
after that everything must be there exactly once.
"""

import threading
import time
import uuid
from datetime import datetime, timedelta, timezone

import wire
from ground import check, until

FORM = "https://kartlegging.example/fhir/Questionnaire/distress-thermometer|1.0.0"
CODES = "https://kartlegging.example/fhir/CodeSystem/"
PROBLEMS = ["pain", "sleep", "fatigue", "nausea", "eating"]
# Statuses that say: not now, ask again.
LATER = (503, 429)


def answers(score, problems, text):
    def coded(system, code):
        return {"valueCoding": {"system": CODES + system, "code": code}}

    return {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": FORM,
        "status": "in-progress",
        "item": [
            {"linkId": "distress", "item": [{"linkId": "score", "answer": [coded("distress-score", str(score))]}]},
            {"linkId": "problems", "item": [
                {"linkId": "physical", "answer": [coded("problem", problem) for problem in problems]},
                {"linkId": "other-concerns", "answer": [{"valueString": text}]},
            ]},
            {"linkId": "follow-up", "answer": [coded("answer", "yes")]},
            {"linkId": "consent-forward", "answer": [coded("answer", "no")]},
        ],
    }


def given(resource):
    """What a resource says, whatever its order and whatever displays it carries."""
    found = {}

    def walk(items):
        for item in items:
            values = [a["valueCoding"]["code"] if "valueCoding" in a else a.get("valueString") for a in item.get("answer", [])]
            if values:
                found[item["linkId"]] = sorted(values)
            walk(item.get("item", []))

    walk(resource.get("item", []))
    return found


class Later(Exception):
    """The step was refused for now or got no answer: taken again later."""


class Patient:
    """One patient's way, step by step; a step that is done is never taken again."""

    def __init__(self, model, number, wrong):
        self.model, self.number = model, number
        self.visit, self.key = f"visit-{uuid.uuid4()}", f"key-{uuid.uuid4()}"
        # A block of addresses each: tries are counted by block as well.
        self.address = f"10.{number >> 8 & 255}.{number & 255}.1"
        self.said = answers(number % 11, PROBLEMS[: 1 + number % 5], f"ord {uuid.uuid4()}")
        self.wrong_wanted = wrong
        self.invitation = self.link = self.code = self.session = self.draft = self.response = None
        # Requests that were acknowledged and are to be in the access log, each with what it was.
        self.logged = []
        self.wrong = self.wrong_in_doubt = self.opens_in_doubt = 0
        self.doubts = 0
        # Whether the key of the first request is still held by one that died (for two minutes).
        self.in_flight = False
        # Whether tries of theirs that came to nothing have brought a wait (of a minute).
        self.waits = False

    @property
    def held(self):
        """Whether only time helps."""
        return self.in_flight or self.waits

    def ask(self, method, path, body=None, token=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()} | {"x-forwarded-for": self.address}
        answer = wire.call(self.model.port, method, path, body, token, headers, self.model.patience)
        if answer is None:
            self.doubts += 1
            raise Later
        self.waits = answer.status == 429
        if self.waits:
            # A try whose end nobody knows stays counted, and the third of them brings a wait.
            counted = self.wrong + self.wrong_in_doubt + self.opens_in_doubt
            check(counted > 3, f"told to wait after {counted - 1} tries that could count: {answer.text[:200]}")
        if answer.status in LATER:
            self.model.refused(answer)
            raise Later
        self.in_flight = answer.status == 409 and answer.code == "idempotency-in-flight"
        if self.in_flight:
            raise Later
        return answer

    def expect(self, answer, statuses, action):
        check(answer.status in statuses, f"{action}: {answer.status} {answer.text[:300]}")
        self.logged.append((answer.id, action))
        return answer.json

    def issue(self):
        starts = (datetime.now(timezone.utc) + timedelta(days=7)).strftime("%Y-%m-%dT%H:00:00Z")
        self.starts = getattr(self, "starts", starts)
        body = {
            "patient": {"name": f"Prøve {self.number}", "birth_date": "1961-04-17"},
            "appointment": {"external_id": self.visit, "starts_at": self.starts, "unit": self.model.house.unit},
        }
        answer = self.ask("POST", "/api/v1/invitations", body, self.model.house.client, idempotency_key=self.key)
        found = self.expect(answer, (201,), "invitation.issue")
        self.invitation, self.link, self.code = found["id"], found["credential"]["link"], found["credential"]["code"]

    def try_wrong(self):
        if self.wrong >= self.wrong_wanted:
            return
        self.wrong_in_doubt += 1
        answer = self.ask("POST", "/api/v1/session", {"link": self.link, "birth_date": "1950-01-01"})
        check(answer.status == 401, f"a wrong date: {answer.status} {answer.text[:300]}")
        self.wrong, self.wrong_in_doubt = self.wrong + 1, self.wrong_in_doubt - 1

    def open(self, by="link"):
        self.opens_in_doubt += 1
        answer = self.ask("POST", "/api/v1/session", {by: self.link if by == "link" else self.code, "birth_date": "1961-04-17"})
        self.opens_in_doubt -= 1
        return self.expect(answer, (201,), "session.open")["session_token"]

    def enter(self):
        self.session = self.open()

    def save(self):
        body = {"respondent": {"kind": "patient"}, "answers": self.said}
        answer = self.ask("PUT", "/api/v1/session/draft", body, self.session, if_match='"0"')
        if answer.status == 412:
            # Saved before, and nobody heard of it: that is what must stand there now.
            draft = self.expect(self.ask("GET", "/api/v1/session/draft", None, self.session), (200,), "draft.read")
            check(draft["version"] == 1 and given(draft["answers"]) == given(self.said), f"another draft than the one that was sent: {draft}")
            self.draft = 1
        else:
            self.draft = self.expect(answer, (200,), "draft.save")["version"]

    def submit(self):
        answer = self.ask("POST", "/api/v1/session/submit", None, self.session, if_match=f'"{self.draft}"')
        found = self.expect(answer, (200, 201), "response.submit" if answer.status == 201 else "receipt.read")
        check(found["version"] == 1, f"handed in once, version {found['version']}")
        self.response = found["response"]

    STEPS = [("link", issue), ("tried", try_wrong), ("session", enter), ("draft", save), ("response", submit)]

    def go(self, to="response"):
        """Takes the steps that are left, up to this one."""
        for name, step in self.STEPS:
            if name == "tried" or getattr(self, name) is None:
                step(self)
            if name == to:
                return

    def look(self):
        """What the clinician reads is what the patient sent; who repeats the hand-in gets the receipt;
        link and code still open."""
        answer = self.ask("GET", f"/api/v1/responses/{self.response}", None, self.model.house.clinician)
        found = self.expect(answer, (200,), "response.read")
        check(found["version"] == 1 and found["versions"] == 1, f"versions of a response that was handed in once: {found['versions']}")
        check(given(found["answers"]) == given(self.said), f"other answers than were sent: {found['answers']}")
        answer = self.ask("POST", "/api/v1/session/submit", None, self.session, if_match=f'"{self.draft}"')
        again = self.expect(answer, (200,), "receipt.read")
        check(again["response"] == self.response and again["version"] == 1, "a repeated hand-in is another response")
        self.open("code" if self.number % 2 else "link")


class Model:
    """All patients of a scenario, and the threads that go their ways."""

    def __init__(self, house, store, port, patience=30):
        self.house, self.store, self.port, self.patience = house, store, port, patience
        self.patients, self.later, self.slowest_refusal = [], 0, 0.0
        self.lock, self.running, self.faults = threading.Lock(), False, []
        self.threads = []

    def refused(self, answer):
        with self.lock:
            self.later += 1
        if answer.status == 503:
            fault = answer.code != "unavailable" or not (answer.headers.get("retry-after") or "").isdigit()
            check(not fault, f"a 503 that is no problem with Retry-After: {answer.headers} {answer.text[:200]}")

    def patient(self):
        with self.lock:
            number = len(self.patients) + 1
            patient = Patient(self, number, wrong=1 if number % 4 == 0 else 0)
            self.patients.append(patient)
            return patient

    def prepare(self, count, to="draft"):
        """Patients who have come this far, made side by side."""
        made = [self.patient() for _ in range(count)]
        self.side_by_side([lambda patient=patient: self.insist(patient, to, 60) for patient in made])
        return made

    def insist(self, patient, to="response", seconds=20, out=False):
        """Goes on until it is done: what is refused or in doubt is taken again. Whom only time helps is
        left, or with `out` waited for."""
        end = time.monotonic() + (150 if out else seconds)
        while True:
            try:
                return patient.go(to)
            except Later:
                if patient.held and not out:
                    return None
                check(time.monotonic() < end, f"still refused after {150 if out else seconds} s")
                time.sleep(1 if patient.held else 0.1)

    def side_by_side(self, works):
        faults = []

        def run(work):
            try:
                work()
            except Later:
                pass
            except Exception as fault:
                faults.append(fault)

        threads = [threading.Thread(target=run, args=(work,), daemon=True) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if faults:
            raise faults[0]

    def load(self, threads=16):
        """Patients come and go until `rest`."""
        self.running = True

        def come():
            while self.running:
                try:
                    self.patient().go()
                except Later:
                    time.sleep(0.05)
                except Exception as fault:
                    self.faults.append(fault)
                    return

        self.threads = [threading.Thread(target=come, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def rest(self):
        self.running = False
        for thread in self.threads:
            thread.join()
        if self.faults:
            raise self.faults[0]

    def done(self):
        return sum(patient.response is not None for patient in self.patients)

    def settle(self, patients=None, out=False):
        """Takes every step again that is not acknowledged, then holds the service to all of it. Returned
        are those whom only time helps; of their later steps nothing may be there."""
        own = list(self.patients if patients is None else patients)
        for start in range(0, len(own), 16):
            part = own[start : start + 16]
            self.side_by_side([lambda patient=patient: self.insist(patient, out=out) for patient in part])
            self.side_by_side([lambda patient=patient: self.insist_look(patient) for patient in part if patient.response])
        held = [patient for patient in own if patient.held]
        self.hold([patient for patient in own if not patient.held])
        begun = {row[0] for row in self.store.rows("SELECT external_id FROM appointment")}
        answered = {row[0] for row in self.store.rows("SELECT {invitation_id} FROM response")}
        for patient in held:
            if patient.link is None:
                check(patient.visit not in begun, f"patient {patient.number}: a request that is said to be in flight has left something")
            else:
                check(patient.invitation.replace("-", "") not in answered, f"patient {patient.number}: a response of someone who was not let in")
        return held

    def insist_look(self, patient):
        def ask():
            try:
                patient.look()
                return True
            except Later:
                return False

        until(60, "a look at a response", ask, 0.2)

    def end(self, short):
        """The last word on all of them. Keys and waits are over after two minutes; the short form does not
        wait for that."""
        held = [patient for patient in self.patients if patient.held]
        if held and not short:
            check(self.settle(held, out=True) == [], "a key or a wait lasts longer than two minutes")
        self.hold([patient for patient in self.patients if not patient.held])

    def hold(self, patients):
        """Rows against memory, without the service between."""
        rows = self.store.rows
        plain = lambda value: value.replace("-", "")
        visits = {row[0]: row[1:] for row in rows(
            "SELECT a.external_id, count(DISTINCT i.id), min(i.state), count(DISTINCT r.id), count(v.version), max(v.version) FROM appointment a"
            " LEFT JOIN invitation i ON i.appointment_id = a.id LEFT JOIN response r ON r.invitation_id = i.id"
            " LEFT JOIN response_version v ON v.response_id = r.id GROUP BY a.external_id")}
        tries = {row[0]: int(row[1] or 0) for row in rows(
            "SELECT {ci.invitation_id}, a.failures FROM credential_invitation ci JOIN credential c ON c.id = ci.credential_id"
            " LEFT JOIN attempt a ON a.scope = 'credential' AND a.subject_hash = c.code_hash")}
        deeds = {}
        for action, object_id, count in rows("SELECT action, {object_id}, count(*) FROM access_log GROUP BY 1, 2"):
            deeds[action, object_id] = int(count)
        logged = {row[0] for row in rows("SELECT request_id FROM access_log")}
        for patient in patients:
            who = f"patient {patient.number}"
            check(patient.response, f"{who}: not done")
            check(visits.get(patient.visit) == ("1", "answered", "1", "1", "1"), f"{who}: {visits.get(patient.visit)} instead of one answered invitation with one response")
            wrong = tries[plain(patient.invitation)]
            most = patient.wrong + patient.wrong_in_doubt + patient.opens_in_doubt
            check(patient.wrong <= wrong <= most, f"{who}: {wrong} tries are counted, {patient.wrong} were refused and {most} are possible")
            check(deeds.get(("invitation.issue", plain(patient.invitation)), 0) >= 1, f"{who}: issued without an entry")
            check(deeds.get(("response.submit", plain(patient.response))) == 1, f"{who}: {deeds.get(('response.submit', plain(patient.response)))} entries of one hand-in")
            for request, action in patient.logged:
                check(request in logged, f"{who}: {action} was answered and is not in the access log")
        orphans = rows(
            "SELECT {s.id} FROM session s WHERE NOT EXISTS (SELECT 1 FROM access_log l WHERE l.action = 'session.open' AND l.object_id = s.invitation_id)")
        check(orphans == [], f"{len(orphans)} sessions without an entry")
        sessions, opened = self.store.one("SELECT count(*) FROM session"), self.store.one("SELECT count(*) FROM access_log WHERE action = 'session.open'")
        check(sessions == opened, f"{sessions} sessions, {opened} entries of openings")
        versions, handed = self.store.one("SELECT count(*) FROM response_version"), self.store.one("SELECT count(*) FROM access_log WHERE action IN ('response.submit', 'response.amend')")
        check(versions == handed, f"{versions} versions, {handed} entries of handing in")
        self.store.sound()
