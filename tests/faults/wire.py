"""HTTP as a client that may lose its answer, and a browser without scripts."""

import html
import http.client
import json
import re
import urllib.parse


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        return self.body.decode()

    @property
    def code(self):
        """The code of a problem."""
        return self.json.get("code") if "problem+json" in (self.headers.get("content-type") or "") else None

    @property
    def id(self):
        return self.headers.get("x-request-id")


def call(port, method, path, body=None, token=None, headers=None, timeout=30):
    """The answer, or `None` when there was none: then nobody knows what came of the request."""
    own = dict(headers or {})
    if token:
        own["authorization"] = f"Bearer {token}"
    if isinstance(body, (dict, list)):
        own["content-type"] = "application/json"
        body = json.dumps(body).encode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, own)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def hidden(text):
    """Names and values of the hidden fields of a page."""
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', text)
    return [(html.unescape(name), html.unescape(value)) for name, value in found]


class Browser:
    """Keeps cookies and follows redirects."""

    def __init__(self, port, address):
        self.port, self.address, self.cookies = port, address, {}

    def call(self, method, path, fields=None, timeout=30):
        headers = {"cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items() if v), "x-forwarded-for": self.address, "accept": "text/html"}
        body = None
        if fields is not None:
            body = urllib.parse.urlencode(fields)
            headers["content-type"] = "application/x-www-form-urlencoded"
        answer = call(self.port, method, path, body, headers=headers, timeout=timeout)
        if answer is None:
            return None
        for line in answer.headers.get_all("set-cookie") or []:
            name, value = line.split(";")[0].split("=", 1)
            self.cookies[name] = value
        if answer.status == 303:
            return self.call("GET", answer.headers["location"], timeout=timeout)
        return answer

    def get(self, path):
        return self.call("GET", path)

    def post(self, path, page, *fields):
        """Sends the form of a page with these fields."""
        return self.call("POST", path, [*hidden(page.text), *fields])
