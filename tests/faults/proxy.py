"""A TCP proxy on 127.0.0.1 that goes wrong on command.

    ok            passes everything
    refuse        resets new connections
    blackhole     takes what comes and passes nothing on, either way
    slow          passes each piece after a delay
    cut-commits   passes COMMIT on to PostgreSQL, then resets both sides before its answer gets back

Several upstreams are taken in turn; one that refuses is passed over, as a load balancer does.
"""

import socket
import struct
import threading
import time

# What the driver sends to commit: a simple query (PostgreSQL's frontend protocol, message Q).
COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"


def reset(connection):
    """Closes with RST, so that the other side learns at once."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    except OSError:
        pass


class Pair:
    def __init__(self, client, upstream):
        self.client, self.upstream = client, upstream
        self.doomed = False

    def reset(self):
        # Wakes a thread that reads, which `close` alone does not.
        for connection in (self.client, self.upstream):
            try:
                connection.shutdown(socket.SHUT_RD)
            except OSError:
                pass
            reset(connection)


class Proxy:
    def __init__(self, *upstreams):
        self.upstreams, self.turn = list(upstreams), 0
        self.mode, self.delay, self.every, self.commits, self.cuts = "ok", 0.0, 1, 0, 0
        self.pairs, self.lock, self.open = set(), threading.Lock(), True
        self.door = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.door.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def set(self, mode, delay=0.0, every=1):
        self.delay, self.every = delay, every
        self.mode = mode

    def close(self):
        self.open = False
        # Wakes the thread that accepts.
        try:
            self.door.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.door.close()
        self.cut()

    def cut(self):
        """Resets every open connection."""
        with self.lock:
            pairs = list(self.pairs)
        for pair in pairs:
            pair.reset()

    def accept(self):
        while self.open:
            try:
                client, _ = self.door.accept()
            except OSError:
                return
            if self.mode == "refuse":
                reset(client)
                continue
            threading.Thread(target=self.join, args=(client,), daemon=True).start()

    def reach(self):
        for _ in self.upstreams:
            with self.lock:
                port = self.upstreams[self.turn % len(self.upstreams)]
                self.turn += 1
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=5)
            except OSError:
                continue
        return None

    def join(self, client):
        upstream = self.reach()
        if upstream is None:
            return reset(client)
        upstream.settimeout(None)
        pair = Pair(client, upstream)
        with self.lock:
            self.pairs.add(pair)
        threading.Thread(target=self.pump, args=(pair, client, upstream, True), daemon=True).start()
        threading.Thread(target=self.pump, args=(pair, upstream, client, False), daemon=True).start()

    def pump(self, pair, source, target, up):
        try:
            while data := source.recv(65536):
                if self.mode == "slow":
                    time.sleep(self.delay)
                while self.mode == "blackhole" and self.open:
                    time.sleep(0.05)
                if up and self.mode == "cut-commits" and COMMIT in data:
                    with self.lock:
                        self.commits += 1
                        pair.doomed = self.commits % self.every == 0
                if not up and pair.doomed:
                    # PostgreSQL has answered: the commit stands, and nobody hears of it.
                    with self.lock:
                        self.cuts += 1
                    break
                target.sendall(data)
            else:
                # A side that has said all: the other may still answer.
                if not pair.doomed:
                    target.shutdown(socket.SHUT_WR)
                    if up:
                        return
        except OSError:
            pass
        pair.reset()
        with self.lock:
            self.pairs.discard(pair)
