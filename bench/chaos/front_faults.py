"""What is done to berth itself, and by clients that mean no good: two lanes beside those of the apps."""
import asyncio
import os
import signal
import socket
import time

import front as fronts
from load import closed_within, unjudged
from swaps import OUT_OF_DESCRIPTORS, STOPPED, deck

# What a client may see while berth has no descriptor left: its own errors, or the end of a connection that waited.
UNSERVED = ("502", "503", "closed", "reset", "truncated")
MALFORMED = (
    "POST {path} HTTP/1.1\r\nHost: a\r\nX-Chaos-Id: {id}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST {path} HTTP/1.1\r\nHost: a\r\nX-Chaos-Id: {id}\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "GET {path} HTTP/1.1\r\nHost: a\r\nX-Chaos-Id : {id}\r\n\r\n",
    "GET {path} HTTP/1.1\r\nHost: a\r\nX-Chaos-Id: {id}\r\n folded: yes\r\n\r\n",
    "GET {path} HTTP/1.1\nHost: a\nX-Chaos-Id: {id}\n\n",
    "GET {path} HTTP/1.1\r\nX-Chaos-Id: {id}\r\n\r\n",
    "GET {path} HTTP/1.1\r\nHost: a\r\nX-Chaos-Id: {id}\r\nContent-Length: -1\r\n\r\n",
)


def kernel_buffers():
    """The most that the kernel takes by itself between two programs with berth in between, in bytes."""
    most = {}
    for name in ("rmem", "wmem"):
        with open(f"/proc/sys/net/ipv4/tcp_{name}") as file:
            most[name] = int(file.read().split()[2])
    return most["rmem"] + 2 * most["wmem"]


class FrontLane:
    STEPS = ("descriptors", "stopped", "disk_full", "log_unread", "socket_deleted", "squatter", "reload")

    def __init__(self, world):
        self.world, self.ledger, self.front = world, world.ledger, world.front

    async def run(self):
        for kind, seed, length in deck(self.world.seed, "front", self.STEPS):
            if self.world.faults_stop.is_set():
                return
            self.ledger.faults[kind] += 1
            self.ledger.log(f"front: {kind} ({length:.1f} s)")
            await getattr(self, kind)(seed, length)
            self.ledger.log(f"front: {kind} is over")
            await asyncio.sleep(length)

    async def descriptors(self, seed, length):
        window = self.ledger.allow(None, UNSERVED, OUT_OF_DESCRIPTORS)
        self.front.limit_descriptors(self.front.descriptors() + seed % 8)
        try:
            await asyncio.sleep(length)
        finally:
            self.front.limit_descriptors()
            window.end = time.monotonic() + 0.75  # a listener that had none looks again within half a second

    async def stopped(self, seed, length):
        """Only delays: no request may fail for it."""
        window = self.ledger.allow(None, (), STOPPED)
        os.kill(self.front.pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(length)
        finally:
            os.kill(self.front.pid, signal.SIGCONT)
            window.end = time.monotonic() + 1

    async def disk_full(self, seed, length):
        """The access log is a name of /dev/full: every write ends with ENOSPC."""
        path, before = self.front.access_log, await self.front.status()
        os.rename(path, path + ".1")
        os.symlink("/dev/full", path)
        os.kill(self.front.pid, signal.SIGUSR1)
        await asyncio.sleep(length)
        os.unlink(path)
        os.kill(self.front.pid, signal.SIGUSR1)
        after = await self.front.status()
        lost = after["access_log_dropped"] - before["access_log_dropped"]
        self.ledger.check("P12", lost > 0, "full disks, the lost lines counted", f"{lost} lines")
        await asyncio.sleep(0.5)
        with open(path) as file:
            self.ledger.check("P12", file.readline(), "logs that go on once there is room", f"{path} is empty")

    async def log_unread(self, seed, length):
        self.front.read.clear()
        await asyncio.sleep(length)
        self.front.read.set()

    async def socket_deleted(self, seed, length):
        """As by somebody who cleans up /tmp: berth makes it again."""
        path = self.front.socket
        os.unlink(path)
        for _ in range(80):
            if os.path.exists(path):
                break
            await asyncio.sleep(0.05)
        process = await asyncio.create_subprocess_exec(self.front.berth, "status", "--control", path,
                                                       stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL)
        code = await process.wait()
        self.ledger.check("P12", code == 0, "deleted control sockets, there again within 4 s", f"berth status: exit {code}")

    async def squatter(self, seed, length):
        """Another program, and another berth, want the public address."""
        host, port = self.front.addresses["web"]
        for wanted, shared in ((host, False), (host, True), ("0.0.0.0", True)):
            with socket.socket() as other:
                other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if shared:
                    other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                try:
                    other.bind((wanted, 0 if self.world.breaks("share-address") else port))
                    other.listen(1)
                    taken = True
                except OSError:
                    taken = False
            self.ledger.check("P7", not taken, "binds of others that were refused", f"{wanted}:{port}, SO_REUSEPORT {shared}")
        process = await asyncio.create_subprocess_exec(
            self.front.berth, "run", "-l", f"{host}:{port}", "--control", self.front.folder + "/second.sock", "--", "true",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env=dict(os.environ, BERTH_CHAOS=self.world.token))
        said = (await process.communicate())[0].decode(errors="replace")
        named = process.returncode == 1 and f"pid {self.front.pid}" in said
        self.ledger.check("P7", named, "second berths that named the holder", f"exit {process.returncode}: {said[:200]}")

    async def reload(self, seed, length):
        os.kill(self.front.pid, signal.SIGHUP)
        await asyncio.sleep(length / 2)


class ClientLane:
    STEPS = ("unread", "thousand", "malformed", "stuck_upload")

    def __init__(self, world):
        self.world, self.ledger, self.front = world, world.ledger, world.front
        self.path = {app: fronts.APPS[app].path.rstrip("/") for app in fronts.HTTP}

    async def run(self):
        for kind, seed, length in deck(self.world.seed, "clients", self.STEPS):
            if self.world.faults_stop.is_set():
                return
            self.ledger.faults[kind] += 1
            self.ledger.log(f"clients: {kind}")
            app = sorted(fronts.HTTP)[seed % len(fronts.HTTP)]
            await getattr(self, kind)(app, seed)
            await asyncio.sleep(length)

    async def unread(self, app, seed):
        """Clients that never read: they are cut, and berth holds none of what they asked for."""
        bound = kernel_buffers() + (2 << 20)
        before = self.front.memory_kib()
        clients, names = [], []
        for _ in range(4):
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_connect(sock, self.front.addresses[app])
            names.append(unjudged(self.world, app, "unread"))
            path = f"{self.path[app]}/big/{4 * bound}/{names[-1]}"
            sock.send(f"GET {path} HTTP/1.1\r\nHost: a\r\nX-Chaos-Id: {names[-1]}\r\n\r\n".encode())
            clients.append(sock)
        deadline, sent, most = time.monotonic() + fronts.STALL + 6, {}, 0
        while time.monotonic() < deadline and len(sent) < len(names):
            most = max(most, self.front.memory_kib() - before)
            sent = {r[4]: int(r[5]) for r in self.front.lines() if r[3] == "sent" and r[4] in names}
            await asyncio.sleep(0.1)
        for sock in clients:
            sock.close()
        reached = [r[4] for r in self.front.lines() if r[3] == "got" and r[4] in names]
        # A backend that ended by itself has not written down what it had sent.
        gone = self.crashed_since(deadline - fronts.STALL - 6)
        self.ledger.check("P9", len(sent) >= len(set(reached)) or gone, "readers that stopped, cut",
                          f"{len(sent)} of {len(set(reached))} ended within {fronts.STALL + 6} s")
        held = max(sent.values(), default=0)
        self.ledger.check("P11", held < bound, "back-pressure to the sender", f"{held} bytes taken for a client that reads none, {bound} allowed")
        self.ledger.check("P11", most < 64 << 10, "memory beside clients that never read", f"{most} KiB more")

    def crashed_since(self, start):
        return any(at >= start for at, _, _, word, *_ in self.front.lines() if word == "dying") or any(
            at >= start for _, at in self.ledger.killed)

    async def thousand(self, app, seed):
        """A thousand clients that send a byte a second of a head that never ends."""
        begun, lasted, address = time.monotonic(), [], self.front.addresses[app]
        if self.world.breaks("no-deadline"):
            patient = socket.create_server(("127.0.0.1", 0), backlog=1100)  # the kernel accepts, and nobody ends it
            address = patient.getsockname()

        async def one():
            try:
                reader, writer = await asyncio.open_connection(*address)
            except OSError as error:
                self.ledger.check("P1", False, "slow clients", repr(error))
                return
            opened = time.monotonic()
            closed = asyncio.create_task(closed_within(reader, fronts.HEAD + 6))
            for byte in b"GET / HTTP/1.1\r\n":
                if closed.done():
                    break
                writer.write(bytes([byte]))
                await asyncio.wait([closed], timeout=1)
            ended = await closed is not None
            lasted.append(time.monotonic() - opened)
            self.ledger.check("P9", ended, "slow heads, cut", f"open after {fronts.HEAD + 6} s")
            writer.close()

        await asyncio.gather(*(one() for _ in range(1000)))
        self.ledger.log(f"clients: a thousand slow ones took {time.monotonic() - begun:.1f} s, each at most {max(lasted, default=0):.1f}")

    async def malformed(self, app, seed):
        for text in MALFORMED:
            name = unjudged(self.world, app, "malformed")
            begun = time.monotonic()
            reader, writer = await asyncio.open_connection(*self.front.addresses[app])
            writer.write(text.format(path=f"{self.path[app]}/item/9/{name}", id=name).encode())
            answer = await closed_within(reader, 10)
            writer.close()
            shed = not answer and self.ledger.during(OUT_OF_DESCRIPTORS, begun, time.monotonic())
            self.ledger.check("P11", (answer or b"").startswith(b"HTTP/1.1 400") or shed, "malformed requests refused", f"{text!r}: {answer}")

    async def stuck_upload(self, app, seed):
        """A body that stops coming."""
        name = unjudged(self.world, app, "stuck")
        reader, writer = await asyncio.open_connection(*self.front.addresses[app])
        writer.write(f"POST {self.path[app]}/echo/0/{name} HTTP/1.1\r\nHost: a\r\nX-Chaos-Id: {name}\r\n"
                     "Content-Length: 1000\r\n\r\n0123456789".encode())
        ended = await closed_within(reader, fronts.STALL + fronts.HOLD + 5)
        writer.close()
        self.ledger.check("P9", ended is not None, "stuck uploads, cut", "still open")
