"""What a backend of a fault run holds open: event streams that go on behind Last-Event-ID, and a WebSocket's echo.

Both rest in the middle of an event or a frame most of the time, so that whoever ends them has to wait for a boundary.
"""
import asyncio

import frames
from pattern import event

PAUSE = 0.03  # seconds between two events
BREAKS_AT = 3  # the event or the message in which a fault is done


async def events(exchange, count):
    """Those up to number `count`; its chunks end anywhere."""
    backend, writer, name = exchange.backend, exchange.writer, exchange.name
    last = int(exchange.fields.get("last-event-id") or 0)
    writer.write(exchange.head(200, "Content-Type: text/event-stream\r\nConnection: close\r\nTransfer-Encoding: chunked"))
    stalls = backend.breaks(name, "stalls")
    left = asyncio.ensure_future(exchange.reader.read(1))
    rest = b""
    try:
        for number in range(last + 1, count + 1):
            text = event(number)
            cut = backend.random.randrange(1, len(text))
            await chunk(writer, rest + text[:cut])
            rest = text[cut:]
            if number == last + BREAKS_AT and exchange.point:
                backend.die(name, "in an event")
            if number == last + BREAKS_AT and stalls:
                await backend.stall(name)
            if (await asyncio.wait([left], timeout=PAUSE))[0]:
                raise ConnectionAbortedError
        await chunk(writer, rest)
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        raise ConnectionAbortedError
    finally:
        left.cancel()


async def chunk(writer, data):
    writer.write(b"%x\r\n%b\r\n" % (len(data), data))
    await writer.drain()


async def web_socket(exchange):
    """The same message back, in two pieces; a Close is answered, and is the end."""
    backend, reader, writer, name = exchange.backend, exchange.reader, exchange.writer, exchange.name
    key = frames.accept(exchange.fields["sec-websocket-key"])
    writer.write(exchange.head(101, f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {key}"))
    stalls, count = backend.breaks(name, "stalls"), 0
    while True:
        opcode, payload = await frames.read_frame(reader)
        if opcode == frames.CLOSE:
            writer.write(frames.frame(opcode, payload[:2]))
            await writer.drain()
            raise ConnectionAbortedError
        answer = frames.frame(opcode, payload)
        cut = backend.random.randrange(1, len(answer))
        writer.write(answer[:cut])
        await writer.drain()
        count += 1
        if count == BREAKS_AT and exchange.point:
            backend.die(name, "in a frame")
        if count == BREAKS_AT and stalls:
            await backend.stall(name)
        await asyncio.sleep(PAUSE)
        writer.write(answer[cut:])
        await writer.drain()
