"""A backend for a fault run: answers truly, writes down what reached it, and does one thing wrong on purpose.

usage: backend.py --port N --mark TEXT --record FILE [--speaks http|lines] [--fault KIND] [--seed N]

FAULTS below has every kind. What it writes to FILE, a line each: the time (CLOCK_MONOTONIC), its pid, its mark, a word:
  start PORT | child PID | got ID METHOD | broke ID HOW | sent ID BYTES | dying POINT | term ID,ID... (under way at that time)
"""
import asyncio
import contextlib
import os
import random
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import speaks_http  # noqa: E402
import speaks_lines  # noqa: E402

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
POINTS = ("head", "unanswered", "in the head", "in the body")
SPEAKS = {"http": speaks_http.serve, "lines": speaks_lines.serve}


class Backend:
    """The process: its listener, what it writes down, and how it ends. What it says is the protocol's."""

    def __init__(self, options):
        self.fault = options.get("--fault", "plain")
        self.mark = options["--mark"]
        self.port = int(options["--port"])
        self.speak = SPEAKS[options.get("--speaks", "http")]
        self.random = random.Random(options.get("--seed", "0"))
        self.record_fd = os.open(options["--record"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.begun = time.monotonic()
        self.under_way = set()
        self.lives_for = self.random.randint(3, 20)

    def record(self, *words):
        line = " ".join([f"{time.monotonic():.6f}", str(os.getpid()), self.mark, *map(str, words)])
        os.write(self.record_fd, line.encode() + b"\n")

    @contextlib.contextmanager
    def at_work(self, name, method):
        """While a request of a user (one with an id) is under way here."""
        if not name:
            yield
            return
        self.record("got", name, method)
        self.under_way.add(name)
        print(f"{method} {name}", flush=True)
        try:
            yield
        finally:
            self.under_way.discard(name)

    def doom(self, name):
        """The point of this request at which the process is to end, if it is the one."""
        if not name or self.fault != "dies":
            return ""
        self.lives_for -= 1
        return self.random.choice(POINTS) if self.lives_for == 0 else ""

    def die(self, name, point):
        self.record("broke", name, "died")
        self.record("dying", point)
        os._exit(9)

    def breaks(self, name, kind):
        """Whether this request is one of those that the fault is done to."""
        return bool(name) and self.fault == kind and self.random.random() < 0.1

    async def stall(self, name):
        """To be called with half an answer sent."""
        self.record("broke", name, "stalled")
        await asyncio.sleep(60)
        raise ConnectionAbortedError

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
            await self.speak(self, reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the peer's end, or one on purpose
        finally:
            writer.close()


def main():
    arguments = sys.argv[1:]
    asyncio.run(Backend(dict(zip(arguments[::2], arguments[1::2]))).run())


if __name__ == "__main__":
    main()
