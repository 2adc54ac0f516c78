"""A mail server for tests: takes mails as a hospital's does, or is in trouble in one of many ways.

Usage: server.py MODE CERTIFICATE KEY. Prints its port, then a line of JSON for each mail it has taken.
Ends with its standard input.

MODE is what it is like and how it is reached, with dashes between:
  starttls | implicit | plain     how a conversation is protected
  login                           user "svar" and password "hemmelig 0123" are asked for
  defer, refuse                   each recipient gets 451, 550
  full                            552 after the mail
  slow                            takes 1.5 s for a mail
  silent                          takes the connection and says nothing
  mute                            says nothing after the mail
  cut                             closes in the middle of the mail
  dropafter                       stores the mail and closes without a word
  once                            in trouble for the first conversation only
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

MODE, CERTIFICATE, KEY = sys.argv[1:4]
WORDS = set(MODE.split("-"))
conversations = 0


def in_trouble(session_number):
    return "once" not in WORDS or session_number == 1


class Handler:
    def __init__(self, number):
        self.number = number

    async def handle_RCPT(self, server, session, envelope, address, options):
        if in_trouble(self.number):
            if "defer" in WORDS:
                return "451 4.7.1 come back later"
            if "refuse" in WORDS:
                return f"550 5.1.1 nobody is called {address}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        trouble = in_trouble(self.number)
        if trouble and "cut" in WORDS:
            server.transport.abort()
            return "451 gone"
        if trouble and "full" in WORDS:
            return "552 5.2.2 full"
        if trouble and "slow" in WORDS:
            await asyncio.sleep(1.5)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = {part.get_content_type(): part.get_content() for part in message.walk() if not part.is_multipart()}
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": {name.lower(): str(value) for name, value in message.items()},
            "text": parts.get("text/plain"),
            "html": parts.get("text/html"),
            "tls": session.ssl is not None or "implicit" in WORDS,
            "login": bool(session.authenticated),
            "conversation": self.number,
        }
        if trouble and "mute" in WORDS:
            await asyncio.sleep(3600)
        print(json.dumps(mail), flush=True)
        if trouble and "dropafter" in WORDS:
            server.transport.abort()
        return "250 OK"


def authenticator(server, session, envelope, mechanism, data):
    right = data.login == b"svar" and data.password == b"hemmelig 0123"
    return AuthResult(success=right, handled=False)


def protocol():
    global conversations
    conversations += 1
    if "silent" in WORDS and in_trouble(conversations):
        return asyncio.Protocol()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    starttls = "starttls" in WORDS
    return SMTP(
        Handler(conversations),
        hostname="localhost",
        enable_SMTPUTF8=True,
        tls_context=context if starttls else None,
        require_starttls=starttls,
        authenticator=authenticator,
        auth_required="login" in WORDS,
        auth_require_tls=starttls,
        timeout=3600,
    )


async def main():
    loop = asyncio.get_running_loop()
    context = None
    if "implicit" in WORDS:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE, KEY)
    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
