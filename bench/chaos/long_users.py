"""Users with long connections: one follows event streams, one talks on WebSockets. What ends early they come back for."""
import asyncio
import base64
import time

import frames
from front import APPS
from load import Failed, User
from pattern import event

# Seconds that a connection is wanted: where it is cut, longer than a swap takes; where it drains, within every deadline.
WANTED = {"cut": (1, 4), "drain": (0.3, 1.5)}
EVENTS_A_SECOND = 30
NORMAL, SERVICE_RESTART = 1000, 1012


class LongUser(User):
    """Its connection may be dropped: the bytes end without what belongs at their end."""

    async def ask(self, name):
        try:
            await self.hold(name)
        except asyncio.IncompleteReadError as error:
            raise Failed("dropped", f"{len(error.partial)} bytes into what was to come") from None
        except OSError as error:
            raise Failed("dropped", str(error)) from None

    def wanted(self):
        return self.random.uniform(*WANTED[APPS[self.app].long])


class EventUser(LongUser):
    """Follows a stream of so many events, over as many connections as it takes."""

    async def once(self):
        self.had, self.count_wanted = 0, int(self.wanted() * EVENTS_A_SECOND)
        while self.had < self.count_wanted and not self.world.users_stop.is_set():
            await super().once()
            if self.request.outcome != "ok":
                await asyncio.sleep(0.1)

    async def hold(self, name):
        connection, ledger = self.connection, self.world.ledger
        status, fields = await connection.head("GET", self.path("events", self.count_wanted, name), name,
                                               "Accept: text/event-stream\r\n"
                                               + (f"Last-Event-ID: {self.had}\r\n" if self.had else ""))
        if status != 200 or "x-chaos-id" not in fields:
            return self.greet(name, status, fields, await connection.body(status, fields))
        self.greet(name, status, fields)
        rest = b""
        async for _, data in connection.chunks():
            *whole, rest = (rest + data).split(b"\n\n")
            for text in whole:
                self.take(name, text + b"\n\n")
        connection.answered(fields)
        ledger.check("P2", not rest, "event streams that end behind an event", f"{name} ended with {rest!r}")
        if self.had < self.count_wanted:
            self.request.ended = "behind an event"

    def take(self, name, text):
        """One event: the next one, and every byte of it."""
        number = int(text.split(b"\n")[0].removeprefix(b"id: "))
        if self.world.breaks("miss-event") and number == 5:
            return
        self.world.ledger.check("P2", number == self.had + 1, "events, none missed", f"{name}: {number} after {self.had}")
        self.had = number
        if text != event(number):
            raise Failed("wrong body", repr(text))


class SocketUser(LongUser):
    """Sends messages and compares their echo; closes with 1000, or answers a Close."""

    async def hold(self, name):
        key = base64.b64encode(self.random.randbytes(16)).decode()
        upgrade = f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        status, fields = await self.connection.head("GET", self.path("socket", 0, name), name, upgrade)
        if status != 101:
            return self.greet(name, status, fields, await self.connection.body(status, fields))
        self.greet(name, status, fields, wanted=101)
        if fields.get("sec-websocket-accept") != frames.accept(key):
            raise Failed("another's answer", fields.get("sec-websocket-accept", "none"))
        code = await self.talk()
        if await self.connection.reader.read(1):
            raise Failed("wrong body", "bytes behind a Close frame")
        self.connection.close()
        if code != NORMAL:
            self.request.ended = str(code)

    async def talk(self):
        """The code of the Close that came."""
        end, count = time.monotonic() + self.wanted(), 0
        while True:
            closing = time.monotonic() >= end or self.world.users_stop.is_set()
            message = NORMAL.to_bytes(2, "big") if closing else self.random.randbytes(self.random.choice((1, 200, 20_000, 70_000)))
            self.send(frames.CLOSE if closing else frames.BINARY, message)
            if self.world.breaks("drop-socket") and self.count == 2:
                self.connection.writer.transport.abort()
            try:
                opcode, payload = await frames.read_frame(self.connection.reader)
            except ValueError as error:
                raise Failed("wrong body", str(error)) from None
            if opcode == frames.CLOSE:
                if not closing:
                    self.send(frames.CLOSE, payload[:2])
                return int.from_bytes(payload[:2], "big")
            count += 1
            if opcode != frames.BINARY or payload != message:
                raise Failed("wrong body", f"message {count}: {opcode} with {len(payload)} bytes, wanted {len(message)}")

    def send(self, opcode, payload):
        self.connection.writer.write(frames.frame(opcode, payload, self.random.randbytes(4)))
