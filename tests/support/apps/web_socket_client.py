"""Follows /ws of replay.py with python3-websockets until it has had COUNT ids, and comes back where it is closed.
Prints the codes of its closes and how many ids were missing or came twice.

usage: web_socket_client.py PORT COUNT
"""
import asyncio
import sys

import websockets


async def follow():
    had, codes = [], []
    while len(had) < int(sys.argv[2]):
        after = had[-1] if had else 0
        async with websockets.connect(f"ws://127.0.0.1:{sys.argv[1]}/ws?after={after}") as socket:
            try:
                while len(had) < int(sys.argv[2]):
                    had.append(int(await socket.recv()))
                    if len(had) == 1:
                        print("following", flush=True)
            except websockets.ConnectionClosed as closed:
                codes.append(closed.code)
    gaps = sum(b != a + 1 for a, b in zip(had, had[1:]))
    print(f"codes {codes} gaps {gaps}", flush=True)


asyncio.run(follow())
