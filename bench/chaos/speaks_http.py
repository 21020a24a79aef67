"""What a backend of a fault run answers to HTTP: bodies by size and id, echoes, waits, streams, and what is long."""
import asyncio
import os
import time

import speaks_long
from pattern import pattern

GARBAGE = (
    b"\x01\x02 what is this?\r\n\r\n",
    b"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
)


async def serve(backend, reader, writer):
    """One connection; its end, on purpose or the peer's, is an exception."""
    while True:
        await Exchange(backend, reader, writer).run()


class Exchange:
    def __init__(self, backend, reader, writer):
        self.backend, self.reader, self.writer = backend, reader, writer

    async def run(self):
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        self.method, self.path, _ = head[0].split(" ", 2)
        self.fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        self.name = self.fields.get("x-chaos-id", "")
        with self.backend.at_work(self.name, self.method):
            await self.answer()

    async def answer(self):
        backend, name = self.backend, self.name
        age = time.monotonic() - backend.begun
        self.point = backend.doom(name)
        if self.point == "head":
            backend.die(name, self.point)
        body = await self.read_body()
        if backend.fault == "mute":
            await asyncio.sleep(3600)
        if backend.fault == "nonsense":
            self.writer.write(GARBAGE[0])
            raise ConnectionAbortedError
        if backend.fault == "errors" or (backend.fault == "late" and age < 0.5):
            return await self.reply(500 if backend.fault == "errors" else 503, b"not now\n")
        if self.point == "unanswered":
            backend.die(name, self.point)
        if backend.breaks(name, "garbage"):
            await self.garbage()
        if name and backend.fault == "slow":
            await asyncio.sleep(backend.random.uniform(0, 0.2))
        parts = self.path.split("/")[-3:]  # KIND, NUMBER, ID
        if self.method == "POST":
            await self.reply(200, body)
        elif parts[0] == "wait":
            await asyncio.sleep(int(parts[1]) / 1000)
            await self.reply(200, pattern(name, 100))
        elif parts[0] == "stream":
            await self.stream(int(parts[1]))
        elif parts[0] == "big":
            await self.big(int(parts[1]))
        elif parts[0] == "events":
            await speaks_long.events(self, int(parts[1]))
        elif parts[0] == "socket":
            await speaks_long.web_socket(self)
        else:
            await self.reply(200, pattern(name, int(parts[1]) if parts[0] == "item" else 100))

    async def read_body(self):
        if "chunked" not in self.fields.get("transfer-encoding", ""):
            return await self.reader.readexactly(int(self.fields.get("content-length", 0)))
        body = bytearray()
        while size := int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16):
            body += await self.reader.readexactly(size)
            await self.reader.readexactly(2)
        while await self.reader.readuntil(b"\r\n") != b"\r\n":
            pass
        return bytes(body)

    async def garbage(self):
        self.backend.record("broke", self.name, "garbage")
        self.writer.write(self.backend.random.choice(GARBAGE))
        await self.writer.drain()
        raise ConnectionAbortedError

    def head(self, status, framing):
        return (f"HTTP/1.1 {status} Chaos\r\nX-Chaos-Id: {self.name}\r\nX-Mark: {self.backend.mark}\r\n"
                f"X-Pid: {os.getpid()}\r\n{framing}\r\n\r\n").encode()

    async def reply(self, status, body):
        head = self.head(status, f"Content-Length: {len(body)}")
        if self.point == "in the head":
            self.writer.write(head[:20])
        if self.point == "in the body":
            self.writer.write(head + body[:len(body) // 2])
        if self.point:
            self.backend.die(self.name, self.point)
        if len(body) > 1 and self.backend.breaks(self.name, "stalls"):
            self.writer.write(head + body[:len(body) // 2])
            await self.backend.stall(self.name)
        self.writer.write(head + body)
        await self.writer.drain()

    async def stream(self, count):
        """Each chunk says when it was sent."""
        self.writer.write(self.head(200, "Transfer-Encoding: chunked"))
        for number in range(count):
            if self.point and number == count // 2:
                self.backend.die(self.name, "in a stream")
            self.writer.write(b"11\r\n%016.6f\n\r\n" % time.monotonic())
            await self.writer.drain()
            await asyncio.sleep(0.1)
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    async def big(self, size):
        self.writer.write(self.head(200, f"Content-Length: {size}"))
        sent, piece = 0, bytes(64 * 1024)
        try:
            while sent < size:
                self.writer.write(piece)
                await self.writer.drain()
                sent += len(piece)
        finally:
            self.backend.record("sent", self.name, sent)
