"""Follows /ws of replay.py with python3-websockets through CLOSES closes and 50 ids more: comes back where it is closed.
Prints the codes of its closes and how many ids were missing or came twice.

usage: web_socket_client.py PORT CLOSES
"""
import asyncio
import sys

import websockets


async def follow():
    had, codes, since = [], [], 0
    closes = int(sys.argv[2])
    while len(codes) < closes or since < 50:
        after = had[-1] if had else 0
        async with websockets.connect(f"ws://127.0.0.1:{sys.argv[1]}/ws?after={after}") as socket:
            try:
                while len(codes) < closes or since < 50:
                    had.append(int(await socket.recv()))
                    since += 1
                    if len(had) == 1:
                        print("following", flush=True)
            except websockets.ConnectionClosed as closed:
                codes.append(closed.code)
                since = 0
    gaps = sum(b != a + 1 for a, b in zip(had, had[1:]))
    print(f"codes {codes} gaps {gaps}", flush=True)


asyncio.run(follow())
