"""What a backend of a fault run answers to bytes that are not HTTP: every line comes back with its number.

A user begins with "x-chaos-id ID" and is told who answers, MARK PID; when it has finished sending it is told how many lines it sent.
"""
import asyncio
import os

HELLO = b"x-chaos-id "
BREAKS_AT = 3  # the line in which a fault is done


async def serve(backend, reader, writer):
    """One connection, to the client's end of it."""
    hello = await reader.readline()
    if not hello.startswith(HELLO):
        return
    name = hello[len(HELLO):].decode().strip()
    with backend.at_work(name, "TCP"):
        await echo(backend, reader, writer, name)


async def echo(backend, reader, writer, name):
    point, stalls, count = backend.doom(name), backend.breaks(name, "stalls"), 0
    if point in ("head", "unanswered"):
        backend.die(name, point)
    writer.write(f"{backend.mark} {os.getpid()}\n".encode())
    while line := await reader.readline():
        count += 1
        answer = b"%d %b" % (count, line)
        if backend.fault == "slow":
            await asyncio.sleep(backend.random.uniform(0, 0.05))
        if count == BREAKS_AT and (point or stalls):
            writer.write(answer[:len(answer) // 2])
            if point:
                backend.die(name, "in a line")
            await backend.stall(name)
        writer.write(answer)
        await writer.drain()
    writer.write(b"%d lines\n" % count)
    await writer.drain()
