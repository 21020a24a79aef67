"""What is done to one app, step after step: swaps to good backends and bad ones, crashes, thieves, a server that stays."""
import asyncio
import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import time

import front as fronts
from leftovers import alive, listening
from users import checker

BAD = ("exit", "deaf", "mute", "errors", "nonsense")
GOOD = ("plain", "slow", "late", "six", "stubborn", "leak", "thief")
FAULTY = ("dies", "garbage", "stalls")
NOT_OF_TCP = ("mute", "errors", "nonsense", "late", "garbage")  # to listen is to be ready, and bytes have no form
OUT_OF_DESCRIPTORS, STOPPED = "out of descriptors", "stopped"


def deck(seed, lane, kinds):
    """The series of a lane: every kind once, in the seed's order, and again. Each with a seed and a length of its own."""
    chance = random.Random(f"{seed} {lane}")
    while True:
        for kind in chance.sample(kinds, len(kinds)):
            yield kind, chance.randrange(1 << 30), chance.uniform(0.6, 2.0)


class AppLane:
    def __init__(self, world, app):
        self.world, self.app, self.ledger, self.front = world, app, world.ledger, world.front
        self.mark, self.kind, self.previous = f"{app}-first", "plain", None
        self.checker = checker(world, app)

    def steps(self):
        app = fronts.APPS[self.app]
        known = (*BAD, *GOOD, *FAULTY, "killed", "rollback", *(("attached",) if app.swap == "overlap" else ()))
        return [kind for kind in known if app.mode == "http" or kind not in NOT_OF_TCP]

    async def run(self):
        for kind, seed, length in deck(self.world.seed, self.app, self.steps()):
            if self.world.faults_stop.is_set():
                return
            self.ledger.faults[f"{kind}"] += 1
            self.ledger.log(f"{self.app}: {kind} (seed {seed}, {length:.1f} s)")
            if kind in BAD:
                await self.bad(kind, seed)
            elif kind in FAULTY:
                await self.faulty(kind, seed, length)
            elif kind in ("killed", "rollback", "attached"):
                await getattr(self, kind)(seed, length)
            else:
                await self.good(kind, seed)
            await self.until(lambda: not self.ledger.now(OUT_OF_DESCRIPTORS), 3)
            await asyncio.sleep(length / 8)

    async def swap(self, kind, body=None, seed=0, verb="swap", mark=None):
        """One swap, watched; the last object that berth sent."""
        ledger, begun, old = self.ledger, time.monotonic(), self.mark
        mark = mark or ledger.new_mark(self.app, kind, kind in BAD or self.world.breaks("bad-serves"))
        body = body if body is not None else {"command": fronts.command(self.app, mark, kind, self.front.record, seed)}
        thief = PortThief(self.world, kind == "thief")
        ledger.stopping[old] = begun

        def on_event(event):
            if event["event"] == "phase" and event["state"] != "running":
                ledger.log(f"{self.app}#{event['generation']}: {event['phase']} {event['state']}: {event['detail']}")
                if event["phase"] == "start" and (at := re.search(r"on (\d+) \(lease\)", event["detail"])):
                    thief.started(int(at[1]))
            if event["event"] == "switched" or (event["event"] == "result" and self.mark == old and switched(event)):
                ledger.retired.append((old, begun - 1 if self.world.breaks("early-switch") else time.monotonic()))
                self.previous, self.mark = (old, self.kind), mark
                self.kind = kind

        result = await self.front.swap(self.app, body, on_event, verb)
        ended = time.monotonic()
        ledger.swaps.append((self.app, begun, ended))
        thief.judge()
        ledger.log(f"{self.app}: {verb} to {mark}: {result.get('result')} {result.get('reason', '')}"[:300])
        self.excused = any(ledger.during(why, begun, ended) for why in (OUT_OF_DESCRIPTORS, STOPPED))
        self.judge_report(result, mark)
        if result.get("result") == "done" and old != self.mark:
            ledger.gone.append((old, ended))
            self.judge_gone(old, begun, result["report"])
        return result

    def judge_report(self, result, mark):
        report = result.get("report") or {}
        told = all(phase["state"] in ("done", "failed") and phase["took_us"] >= 0 for phase in report.get("phases", []))
        because = bool(report.get("reason")) == (result.get("result") != "done")
        self.ledger.check("P12", report and told and report["phases"] and because, "swaps with a report",
                          f"{mark}: {result.get('result')} with {report}"[:400])
        self.world.reports.append((self.app, report.get("id"), report.get("outcome")))

    def judge_gone(self, old, begun, report):
        """The old backend's processes and its port, at the very moment when berth says that they are released."""
        pids, ports, since = set(), set(), set()
        for at, pid, mark, word, *rest in self.front.lines():
            if mark == old and word == "start":
                ports.add(int(rest[0]))
            elif word == "start" and at >= begun - 20:
                since.add(int(rest[0]))
            if mark == old and at < begun:
                pids.add(pid)
        attached = old.endswith("attached")
        stays = []
        for port in ports if self.world.breaks("leave-listener") and not attached else ():
            with contextlib.suppress(OSError):  # it may be another's by now
                stays.append(listen(port))
        left = [] if attached else [f"pid {pid}" for pid in pids if alive(pid)]
        left += [] if attached else [f"port {port}" for port in ports - since if listening(port)]
        self.ledger.check("P5", not left, "retired: no process, no listener", f"{old}: {', '.join(left)}")
        for server in stays:
            server.close()
        if report["from"]:  # else it had ended by itself before, and its own report tells its end
            told = [phase["detail"] for phase in report["phases"] if phase["phase"] == "stop"]
            self.ledger.check("P5", told and told[-1], "exit statuses told", f"{old}: {report}"[:400])

    async def bad(self, kind, seed):
        old = self.mark
        result = await self.swap(kind, seed=seed)
        told = result.get("result") == "failed" and result.get("exit_code") == 1 and result.get("reason")
        self.ledger.check("P3", told, "bad backends refused", f"{kind}: {result.get('result')} {result.get('reason')}")
        if not self.excused:
            await self.judge_serving(old)

    async def judge_serving(self, old):
        """Whoever asks is answered by the old command's backend."""
        await self.checker.once()
        name = f"{self.checker.name}-{self.checker.count}"
        by, _ = self.ledger.answered_by.get(name, ("nobody", 0))
        request = self.ledger.requests[name]
        excused = self.ledger.during(OUT_OF_DESCRIPTORS, request.start, request.end)
        self.ledger.check("P3", by == old or excused, "the old one serves on", f"{name} answered by {by}, not {old}")

    async def good(self, kind, seed, length=0):
        result = await self.swap(kind, seed=seed)
        done = result.get("result") == "done"
        excused = self.excused and result.get("result") == "failed" and result.get("reason")
        self.ledger.check("P2", done or excused, "swaps to a good backend", f"{kind}: {result.get('result')}: {result.get('reason')}")
        return done

    async def faulty(self, kind, seed, length):
        if await self.good(kind, seed):
            if kind == "dies":
                await self.until(lambda: any(r[2] == self.mark and r[3] == "dying" for r in self.front.lines()), 3)
            await asyncio.sleep(length)
            await self.good("plain", seed)

    async def until(self, holds, seconds):
        deadline = time.monotonic() + seconds
        while not holds() and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        return holds()

    def processes(self):
        return [pid for _, pid, mark, word, *_ in self.front.lines() if mark == self.mark and word == "start"]

    async def killed(self, seed, length):
        """The serving backend dies by a signal; berth starts its command again."""
        before = self.processes()
        if not before or not alive(before[-1]):
            return
        self.ledger.killed.append((self.app, time.monotonic()))
        os.kill(before[-1], signal.SIGKILL)
        again = await self.until(lambda: len(self.processes()) > len(before), 15)
        self.ledger.check("P2", again, "crashes made good", f"{self.mark} was not started again within 15 s")
        self.world.crashes[self.app] += 1

    async def rollback(self, seed, length):
        if self.previous is None or self.previous[1] in ("attached", self.kind):
            await self.good("plain", seed)
        if self.previous is None:
            return
        mark, kind = self.previous
        result = await self.swap(kind, {}, verb="rollback", mark=mark)
        done = result.get("result") == "done" or self.excused
        self.ledger.check("P2", done, "rollbacks", f"{mark}: {result.get('result')}: {result.get('reason')}")
        if kind in FAULTY:
            await self.good("plain", seed)

    async def attached(self, seed, length):
        """A server of somebody else's stays on its port: it has to be named, and the swap is not called done."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        mark = self.ledger.new_mark(self.app, "attached", False)
        server = subprocess.Popen(fronts.command(self.app, mark, "plain", self.front.record, seed, str(port)),
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=dict(os.environ, BERTH_CHAOS=self.world.token))
        try:
            await self.until(lambda: listening(port), 5)
            result = await self.swap("attached", {"to": f"127.0.0.1:{port}"}, verb="attach", mark=mark)
            if result.get("result") != "done":
                self.ledger.check("P2", self.excused, "attached servers", f"{result.get('result')}: {result.get('reason')}")
                return
            new = self.ledger.new_mark(self.app, "plain", False)
            command = fronts.command(self.app, new, "plain", self.front.record, seed)
            result = await self.swap("plain", {"command": command, "released_within": "300ms"}, mark=new)
            named = result.get("exit_code") == 5 and f"pid {server.pid}" in result.get("reason", "")
            self.ledger.check("P5", named or self.excused, "who stays is named", f"{result.get('result')}: {result.get('reason')}")
            if self.mark == mark:
                await self.until(lambda: not self.ledger.now(OUT_OF_DESCRIPTORS), 3)
                await self.good("plain", seed)
        finally:
            if self.mark == mark:  # it serves yet, for want of another
                self.ledger.killed.append((self.app, time.monotonic()))
            server.kill()
            server.wait()


def switched(event):
    return event.get("result") in ("done", "switched", "unreleased")


def listen(port):
    """A listener on a port that is asked for by name, as nearly all servers do it."""
    server = socket.socket()
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        server.listen(64)
        server.setblocking(False)
    except OSError:
        server.close()
        raise
    return server


class PortThief:
    """Tries to come by a starting backend's port: by chance (bind to 0) always, by name where it is told to, once."""

    def __init__(self, world, steals):
        self.ledger, self.steals, self.taken, self.port = world.ledger, steals, None, 0
        self.by_name = world.breaks("ask-by-name")

    def started(self, port):
        handed = []
        for _ in range(40):
            with socket.socket() as other:
                if self.by_name:
                    other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    other.bind(("127.0.0.1", port if self.by_name else 0))
                except OSError:
                    continue  # by name, and it listens already
                handed.append(other.getsockname()[1])
        self.ledger.check("P6", port not in handed, "leases that the kernel gave nobody", f"{port} was given away")
        if self.steals and self.taken is None:
            try:
                self.taken, self.port = listen(port), port
                self.ledger.log(f"port {port} is stolen")
            except OSError as error:
                self.ledger.log(f"port {port} could not be stolen: {error}")

    def judge(self):
        if self.taken is None:
            return
        got = b""
        try:
            while True:
                connection, _ = self.taken.accept()
                with connection:
                    connection.settimeout(0.05)
                    got += connection.recv(65536)
        except OSError:
            pass
        self.taken.close()
        self.ledger.check("P6", b"x-chaos-id" not in got.lower(), "stolen ports that got no request", f"port {self.port}: {got[:200]}")
