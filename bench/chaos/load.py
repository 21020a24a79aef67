"""The users of a fault run: each checks every byte of what it gets, and says so to the ledger."""
import asyncio
import os
import random
import socket
import struct
import time

from front import APPS
from pattern import pattern

PATIENCE = 45  # seconds that a user waits for one answer: longer than all deadlines of the file together
MOST_LAG = 1.5  # seconds that a piece of a stream may be on its way
PAUSES = {"idle": (0.5, 3), "wait": (0, 0.2), "stream": (0, 0.3)}  # seconds between two requests, of those who make long ones
METHODS = {"post": "POST", "line": "TCP"}


class Failed(Exception):
    """How a request ended that was not answered as it should be."""

    def __init__(self, outcome, detail=""):
        super().__init__(outcome)
        self.outcome, self.detail = outcome, detail


class Connection:
    def __init__(self, address):
        self.address, self.writer, self.reader, self.used = address, None, None, False

    async def open(self):
        try:
            self.reader, self.writer = await asyncio.open_connection(*self.address, limit=1 << 20)
        except ConnectionRefusedError:
            raise Failed("refused") from None
        except ConnectionResetError:  # accepted, and over before this was seen
            raise Failed("reset") from None
        self.used = False

    def close(self):
        if self.writer:
            self.writer.close()
        self.writer = None

    async def head(self, method, path, name, fields="", data=b""):
        """Sends a request; the status and the fields of its answer, whose body is still to be read."""
        try:
            if self.reader.at_eof():
                raise Failed("idle connection closed" if self.used else "closed")
            self.writer.write(f"{method} {path} HTTP/1.1\r\nHost: chaos\r\nX-Chaos-Id: {name}\r\n{fields}\r\n".encode() + data)
            answer = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        except asyncio.IncompleteReadError as error:
            raise Failed("truncated" if error.partial else "closed") from None
        except OSError as error:
            raise Failed("reset", str(error)) from None
        self.used = True
        fields = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in answer[1:] if line)}
        return int(answer[0].split(" ")[1]), fields

    async def request(self, method, path, name, body=None, chunked=False):
        """The status, the fields and the body of the answer."""
        sent, data = "", body or b""
        if chunked:
            cut = len(body) // 2
            pieces = [piece for piece in (body[:cut], body[cut:]) if piece]
            data = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
            sent = "Transfer-Encoding: chunked\r\n"
        elif body is not None:
            sent = f"Content-Length: {len(data)}\r\n"
        status, fields = await self.head(method, path, name, sent, data)
        return status, fields, await self.body(status, fields)

    async def body(self, status, fields):
        """What is left of an answer: the bytes, or of a chunked one its chunks, each with the time when it came."""
        try:
            if "chunked" in fields.get("transfer-encoding", ""):
                content = [piece async for piece in self.chunks()]
            else:
                content = await self.reader.readexactly(int(fields["content-length"]))
        except (OSError, asyncio.IncompleteReadError) as error:
            raise Failed("truncated", f"{status}: {error}") from None
        self.answered(fields)
        return content

    async def chunks(self):
        while size := int((await self.reader.readuntil(b"\r\n")), 16):
            yield time.monotonic(), await self.reader.readexactly(size)
            await self.reader.readexactly(2)
        await self.reader.readexactly(2)

    def answered(self, fields):
        if fields.get("connection", "").lower() == "close":
            self.close()


class User:
    """One keep-alive client, or one with a connection for each request."""

    def __init__(self, world, app, kind, number):
        self.world, self.app, self.kind = world, app, kind
        self.name = f"{app}-{kind}{number}"
        self.random = random.Random(f"{world.seed} {self.name}")
        self.connection = Connection(world.front.addresses[app])
        self.count = 0

    async def run(self):
        while not self.world.users_stop.is_set():
            await self.once()
            await asyncio.sleep(self.random.uniform(*PAUSES.get(self.kind, (0.005, 0.09))))
        self.connection.close()

    async def once(self):
        """One request, to whatever end."""
        self.count += 1
        name = f"{self.name}-{self.count}"
        request = self.request = self.world.ledger.begin(name, self.app, self.kind, METHODS.get(self.kind, "GET"))
        try:
            if self.connection.writer is None:
                await self.connection.open()
            await asyncio.wait_for(self.ask(name), PATIENCE)
            request.outcome = "ok"
        except Failed as failed:
            request.outcome, request.detail = failed.outcome, failed.detail
        except asyncio.TimeoutError:
            request.outcome = "no answer in time"
        request.end = time.monotonic()
        if request.outcome != "ok" or self.kind == "fresh":
            self.connection.close()

    def path(self, kind, number, name):
        return f"{APPS[self.app].path.rstrip('/')}/{kind}/{number}/{name}"

    async def ask(self, name):
        if self.kind == "post":
            await self.post(name)
        elif self.kind == "stream":
            status, fields, content = await self.connection.request("GET", self.path("stream", 8, name), name)
            self.verify(name, status, fields, content if status != 200 else b"", b"")
            self.world.ledger.judge_stream(name, [(came, float(text)) for came, text in content], 8, MOST_LAG)
        else:
            kind, size = ("wait", 300) if self.kind == "wait" else ("item", self.random.choice((10, 3_000, 100_000)))
            if self.world.breaks("drop-request") and self.count == 20:
                self.connection.writer.transport.abort()
            answer = await self.connection.request("GET", self.path(kind, size, name), name)
            self.verify(name, *answer, pattern(name, 100 if kind == "wait" else size))

    async def post(self, name):
        body, chunked = self.random.randbytes(self.random.choice((1, 100, 5_000, 70_000))), self.random.random() < 0.3
        path = self.path("echo", 0, name)
        answer = await self.connection.request("POST", path, name, body, chunked)
        if self.world.breaks("post-twice") and self.count == 20 and self.connection.writer:
            answer = await self.connection.request("POST", path, name, body, chunked)
        if self.world.breaks("wrong-echo") and self.count == 20:
            body = body[1:] + bytes([body[0] ^ 1])
        self.verify(name, *answer, body)

    def verify(self, name, status, fields, content, wanted):
        self.greet(name, status, fields, content)
        if content != wanted:
            raise Failed("wrong body", f"{len(content)} bytes, wanted {len(wanted)}")

    def greet(self, name, status, fields, content=b"", wanted=200):
        """It is this request's own answer, by whom is noted."""
        if status != wanted:
            text = content if isinstance(content, bytes) else b""
            raise Failed(str(status), text.decode(errors="replace")[:200].replace("\n", " "))
        if fields.get("x-chaos-id") != name:
            raise Failed("another's answer", fields.get("x-chaos-id", "none"))
        self.world.ledger.answered_by[name] = (fields.get("x-mark", ""), int(fields.get("x-pid", 0)))


async def probe(world, address, mode):
    """Bare connects, some hundred a second to each address; each closed at once."""
    loop = asyncio.get_running_loop()
    while not world.users_stop.is_set():
        begun = time.monotonic()
        facts = ""
        sock = socket.socket()
        sock.setblocking(False)
        # Closed with a reset: a thousand of them leave nothing in TIME_WAIT.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        try:
            await asyncio.wait_for(loop.sock_connect(sock, address), 10)
        except ConnectionResetError as error:  # accepted; where bytes are relayed, a backend that dies can end it so early
            facts = "" if mode == "tcp" else repr(error)
        except (OSError, asyncio.TimeoutError) as error:
            facts = f"{type(error).__name__} {error} from {address}"
        finally:
            sock.close()
        world.ledger.check("P1", not facts, "connects", facts, begun)
        await asyncio.sleep(0.005)
    if world.breaks("refuse"):
        with socket.socket() as nobody:
            nobody.bind((address[0], 0))
            facts = "" if socket.socket().connect_ex(nobody.getsockname()) == 0 else "refused"
            world.ledger.check("P1", not facts, "connects", facts)


async def closed_within(reader, seconds):
    """What came until the peer closed, or None if it did not in that time."""
    got = b""
    try:
        async with asyncio.timeout(seconds):
            while data := await reader.read(65536):
                got = (got + data)[:200]
    except TimeoutError:
        return None
    except OSError:
        pass
    return got


def unjudged(world, app, kind):
    """The id of a request whose client misbehaves."""
    name = f"{app}-{kind}-{os.urandom(4).hex()}"
    request = world.ledger.begin(name, app, kind, kind)
    request.judged = False
    return name
