"""A patient on the pages, in the middle of writing."""

import html
import re
import urllib.parse
import uuid

import wire
from ground import check


class Writer:
    """Has opened the letter and is on the page with the free text."""

    def __init__(self, model):
        self.model, self.text = model, f"Jeg skriver dette & håper «det» blir lagret {uuid.uuid4()}"
        patient = model.prepare(1, to="link")[0]
        patient.model.patients.remove(patient)
        self.patient, self.browser = patient, wire.Browser(model.port, patient.address)
        door = self.ask("GET", urllib.parse.urlparse(patient.link).path)
        door = self.ask("GET", "/fodselsdato")
        self.ask("POST", "/fodselsdato", door, ("d", "17"), ("m", "4"), ("y", "1961"))
        who = self.ask("GET", "/skjema/hvem")
        self.ask("POST", "/skjema/hvem", who, ("hvem", "patient"), ("gjor", "fortsett"))
        for number in range(1, 20):
            self.page = self.ask("GET", f"/skjema/side/{number}")
            found = re.search(r'<textarea[^>]* name="([^"]+)"', self.page.text)
            if found:
                self.path, self.field = f"/skjema/side/{number}", found.group(1)
                return
        check(False, "no page with free text")

    def ask(self, method, path, page=None, *fields):
        answer = self.browser.call(method, path, [*wire.hidden(page.text), *fields] if page else None)
        check(answer is not None and answer.status == 200, f"{method} {path}: {answer and answer.status}")
        return answer

    def send(self):
        """Sends what is typed and returns the page that comes."""
        return self.browser.post(self.path, self.page, (self.field, self.text), ("gjor", "fortsett"))

    def kept(self, answer):
        """Whether a page of a fault shows what was typed and can send it again."""
        check(answer is not None and answer.status == 503, f"a page while the database is away: {answer and answer.status}")
        check((answer.headers.get("retry-after") or "").isdigit(), "no Retry-After on the page")
        check(answer.headers.get("content-type", "").startswith("text/html"), "no page")
        check(html.escape(self.text, quote=False) in html.escape(html.unescape(answer.text), quote=False), "what was typed is not on the page")
        check((self.field, self.text) in wire.hidden(answer.text), "the page can't send it again")
        check(f'action="{self.path}"' in answer.text, "the page would send it elsewhere")
        return answer

    def again(self, answer):
        """Presses the button of that page, and finds the text where it was typed."""
        went = self.browser.post(self.path, answer)
        check(went is not None and went.status == 200, f"sent again: {went and went.status} {went and went.text[:2000]}")
        self.stands()

    def stands(self):
        page = self.browser.get(self.path)
        check(self.text in html.unescape(page.text), "what was sent again is not stored")
