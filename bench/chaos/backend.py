"""A backend for a fault run: answers truly, writes down what reached it, and does one thing wrong on purpose.

usage: backend.py --port N --mark TEXT --record FILE [--fault KIND] [--seed N]

FAULTS below has every kind. What it writes to FILE, a line each: the time (CLOCK_MONOTONIC), its pid, its mark, a word:
  start PORT | child PID | got ID METHOD | broke ID HOW | sent ID BYTES | dying POINT | term ID,ID... (under way at that time)
"""
import asyncio
import hashlib
import os
import random
import signal
import socket
import sys
import time

FAULTS = {
    # never ready: a swap to it has to fail
    "exit": "ends before it listens",
    "deaf": "never listens",
    "mute": "accepts and never answers",
    "errors": "answers 500 to everything",
    "nonsense": "answers what is not HTTP",
    # a good server all the same
    "plain": "nothing wrong",
    "slow": "listens late, answers late",
    "late": "answers 503 at first",
    "six": "listens on ::1 only",
    "stubborn": "ignores TERM",
    "leak": "leaves a process of another session behind that holds its listener",
    "thief": "listens so late that its port can be taken by name",
    # passes the check, and then fails requests
    "dies": "ends at a random point of a random request",
    "garbage": "answers some requests with what is malformed",
    "stalls": "stops in the middle of some bodies",
}
GARBAGE = (
    b"\x01\x02 what is this?\r\n\r\n",
    b"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
)
POINTS = ("head", "unanswered", "in the head", "in the body")


def pattern(name, size):
    """The body that belongs to a request's id: the client computes the same."""
    digest = hashlib.sha256(name.encode()).hexdigest().encode()
    return (digest * (size // len(digest) + 1))[:size]


class Broken(Exception):
    """This connection is at its end, on purpose or by the peer."""


class Backend:
    def __init__(self, options):
        self.fault = options.get("--fault", "plain")
        self.mark = options["--mark"]
        self.port = int(options["--port"])
        self.random = random.Random(options.get("--seed", "0"))
        self.record_fd = os.open(options["--record"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.begun = time.monotonic()
        self.under_way = set()
        self.lives_for = self.random.randint(3, 20)

    def record(self, *words):
        line = " ".join([f"{time.monotonic():.6f}", str(os.getpid()), self.mark, *map(str, words)])
        os.write(self.record_fd, line.encode() + b"\n")

    def die(self, name, point):
        self.record("broke", name, "died")
        self.record("dying", point)
        os._exit(9)

    async def run(self):
        self.record("start", self.port)
        if self.fault == "exit":
            sys.exit("ModuleNotFoundError: No module named 'nowhere'")
        if self.fault == "deaf":
            await asyncio.sleep(3600)
        await asyncio.sleep({"slow": 0.3, "thief": 0.5}.get(self.fault, 0))
        six = self.fault == "six"
        listener = socket.socket(socket.AF_INET6 if six else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("::1" if six else "127.0.0.1", self.port))
        listener.listen(512)
        listener.setblocking(False)
        if self.fault == "leak":
            self.leak()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.on_term)
        server = await asyncio.start_server(self.serve, sock=listener, limit=256 * 1024)
        print(f"listening on {self.port}", flush=True)
        await server.serve_forever()

    def leak(self):
        if os.fork() == 0:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            self.record("child", os.getpid())
            while True:
                time.sleep(3600)

    def on_term(self):
        # What has been answered in this very moment is not under way: its last bytes may still be counted.
        asyncio.get_running_loop().call_later(0.03, self.end)

    def end(self):
        self.record("term", ",".join(sorted(self.under_way)) or "-")
        if self.fault != "stubborn":
            os._exit(0)

    async def serve(self, reader, writer):
        try:
            while True:
                await self.exchange(reader, writer)
        except (Broken, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def exchange(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        name = fields.get("x-chaos-id", "")
        if name:
            self.record("got", name, method)
            self.under_way.add(name)
            print(f"{method} {path}", flush=True)
        try:
            await self.answer(reader, writer, method, path, fields, name)
        finally:
            self.under_way.discard(name)

    async def answer(self, reader, writer, method, path, fields, name):
        age = time.monotonic() - self.begun
        doomed = bool(name) and self.fault == "dies" and self.is_last()
        point = self.random.choice(POINTS) if doomed else ""
        if point == "head":
            self.die(name, point)
        body = await self.read_body(reader, fields)
        if self.fault == "mute":
            await asyncio.sleep(3600)
        if self.fault == "nonsense":
            writer.write(GARBAGE[0])
            raise Broken
        if self.fault == "errors" or (self.fault == "late" and age < 0.5):
            return await self.reply(writer, name, 500 if self.fault == "errors" else 503, b"not now\n")
        if point == "unanswered":
            self.die(name, point)
        if name and self.fault == "garbage" and self.random.random() < 0.1:
            await self.garbage(writer, name)
        parts = path.split("/")[-3:]  # KIND, NUMBER, ID
        if name and self.fault == "slow":
            await asyncio.sleep(self.random.uniform(0, 0.2))
        if method == "POST":
            return await self.reply(writer, name, 200, body, point)
        if parts[0] == "wait":
            await asyncio.sleep(int(parts[1]) / 1000)
            return await self.reply(writer, name, 200, pattern(name, 100), point)
        if parts[0] == "stream":
            return await self.stream(writer, name, int(parts[1]))
        if parts[0] == "big":
            return await self.big(writer, name, int(parts[1]))
        size = int(parts[1]) if parts[0] == "item" else 100
        await self.reply(writer, name, 200, pattern(name, size), point)

    def is_last(self):
        self.lives_for -= 1
        return self.lives_for == 0

    async def read_body(self, reader, fields):
        if "chunked" not in fields.get("transfer-encoding", ""):
            return await reader.readexactly(int(fields.get("content-length", 0)))
        body = bytearray()
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        while await reader.readuntil(b"\r\n") != b"\r\n":
            pass
        return bytes(body)

    async def garbage(self, writer, name):
        self.record("broke", name, "garbage")
        writer.write(self.random.choice(GARBAGE))
        await writer.drain()
        raise Broken

    def head(self, name, status, framing):
        return (f"HTTP/1.1 {status} Chaos\r\nX-Chaos-Id: {name}\r\nX-Mark: {self.mark}\r\n"
                f"X-Pid: {os.getpid()}\r\n{framing}\r\n\r\n").encode()

    async def reply(self, writer, name, status, body, point=""):
        head = self.head(name, status, f"Content-Length: {len(body)}")
        if point == "in the head":
            writer.write(head[:20])
        if point == "in the body":
            writer.write(head + body[:len(body) // 2])
        if point:
            self.die(name, point)
        if name and len(body) > 1 and self.fault == "stalls" and self.random.random() < 0.1:
            self.record("broke", name, "stalled")
            writer.write(head + body[:len(body) // 2])
            await asyncio.sleep(60)
            raise Broken
        writer.write(head + body)
        await writer.drain()

    async def stream(self, writer, name, count):
        """Each chunk says when it was sent."""
        writer.write(self.head(name, 200, "Transfer-Encoding: chunked"))
        for _ in range(count):
            writer.write(b"11\r\n%016.6f\n\r\n" % time.monotonic())
            await writer.drain()
            await asyncio.sleep(0.1)
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    async def big(self, writer, name, size):
        writer.write(self.head(name, 200, f"Content-Length: {size}"))
        sent, piece = 0, bytes(64 * 1024)
        try:
            while sent < size:
                writer.write(piece)
                await writer.drain()
                sent += len(piece)
        finally:
            self.record("sent", name, sent)


def main():
    arguments = sys.argv[1:]
    asyncio.run(Backend(dict(zip(arguments[::2], arguments[1::2]))).run())


if __name__ == "__main__":
    main()
