"""The rows of the table: who is measured under which load, what is counted, and what is to be reached."""
import os
import subprocess
import time
from dataclasses import dataclass, field

import load
import peers
from processes import OTHER_CORE, cpu_ns, most_clients, resident_kib, start



@dataclass
class Bound:
    """`subject` may cost at most `most` times what `against` does; without `against`: at most that value."""
    most: float
    against: str = ""
    subject: str = "berth"


@dataclass
class Row:
    title: str
    unit: str
    who: list
    bounds: list
    connections: int = 64
    size: int = 100
    fields: list = field(default_factory=list)
    rate: int = 0
    length: float = 1  # times the length of one measurement
    kind: str = "cpu"


class Measurement:
    """One row, measured round by round: every peer once a round, each round from another one on."""

    def __init__(self, row, build, seconds, rounds):
        self.row, self.build, self.rounds = row, build, rounds
        self.seconds = max(1, round(seconds * row.length))
        self.backends, self.peers, self.values, self.settings = [], {}, {}, {}

    def backend(self):
        self.backends.append(peers.Backend(self.build, self.row.size))
        return self.backends[-1]

    def run(self):
        try:
            one = self.backend()
            makers = list(self.row.who)
            if self.row.kind == "idle":
                return self.idle(makers, one)
            for make in makers:
                peer = make(self.build, one, connections=self.row.connections)
                self.peers[peer.name] = peer
                self.settings[peer.name] = peer.settings
            measure = {"cpu": self.cpu, "latency": self.latency, "swap": self.swap}[self.row.kind]
            names = list(self.peers)
            for name in names:
                self.loaded(self.peers[name], 1)  # warm
            for number in range(self.rounds):
                for name in names[number % len(names):] + names[:number % len(names)]:
                    measure(name)
                if self.row.kind == "latency":
                    self.direct(one)
            return self.values
        finally:
            for each in list(self.peers.values()) + self.backends:
                each.stop()

    def note(self, name, value):
        self.values.setdefault(name, []).append(value)

    def loaded(self, peer, seconds):
        row = self.row
        if row.rate:
            return load.at_rate(self.build, peer.port, row.connections, row.rate, seconds)
        return load.wrk(peer.port, row.connections, seconds, row.fields + peer.fields, peer.script)

    def cost(self, peer):
        """CPU microseconds a request; of large bodies, milliseconds a GiB."""
        before = cpu_ns(peer.process.pid)
        requests = self.loaded(peer, self.seconds)["requests"]
        each_us = (cpu_ns(peer.process.pid) - before) / 1000 / requests
        return each_us if self.row.size < 2**20 else each_us / 1000 * 2**30 / self.row.size

    def cpu(self, name):
        self.note(name, self.cost(self.peers[name]))

    def swap(self, name):
        """A second without a swap, and one in whose middle there is one."""
        peer = self.peers[name]
        self.note("steady", self.cost(peer))
        command = [os.path.join(self.build, "berth"), "swap", "--control", peer.control]
        # Not a wait for anything: the swap is to fall into the middle of what is measured.
        swapping = start(["sh", "-c", 'sleep 0.3; exec "$@"', "sh"] + command, OTHER_CORE)
        self.note("with a swap", self.cost(peer))
        if swapping.wait(30) != 0:
            raise load.Failed("the swap has failed")

    def latency(self, name):
        result = self.loaded(self.peers[name], self.seconds)
        self.note(name, result["p50"])
        self.note(name + ", p99", result["p99"])

    def direct(self, backend):
        """Takes from every median of this round what the backend alone takes."""
        port = int(backend.address.rpartition(":")[2])
        alone = load.wrk(port, self.row.connections, self.seconds)["p50"]
        for name in self.peers:
            self.values[name][-1] = max(self.values[name][-1] - alone, 0.1)

    def idle(self, makers, backend):
        for _ in range(min(self.rounds, 3)):
            for make in makers:
                two = make in (peers.relay, peers.haproxy)  # HAProxy reserves a second descriptor for each
                count = min(10_000, most_clients(2 if two else 1) - 200)
                peer = make(self.build, backend, connections=count + 100)
                held = []
                try:
                    self.settings[peer.name] = peer.settings
                    held = load.hold(peer.port, 100)  # what is made once, whoever comes
                    before = resident_kib(peer.process.pid)
                    held += load.hold(peer.port, count)
                    time.sleep(1)  # for those that give memory back later
                    self.note(peer.name, (resident_kib(peer.process.pid) - before) / count)
                finally:
                    for client in held:
                        client.close()
                    peer.stop()
        return self.values


LUA = os.path.join(peers.HERE, "hosts.lua")
ALL = [peers.berth, peers.relay, peers.nginx, peers.haproxy, peers.caddy]
US = "CPU µs a request"
CHEAP = [Bound(1.25, "relay"), Bound(0.65, "nginx"), Bound(0.65, "HAProxy")]
ROWS = {
    "bare": Row("100-byte response, 64 connections", US, ALL, CHEAP),
    "rate": Row("the same at a fixed 8,000/s", US, ALL, CHEAP, rate=8000),
    "browser": Row("with a browser's 12 fields", US, ALL, [Bound(0.75, "nginx"), Bound(0.75, "HAProxy")],
                   fields=load.BROWSER),
    "c512": Row("512 connections", US, ALL, [Bound(1.35, "relay")], connections=512),
    "c4096": Row("4,096 connections", US, ALL, [Bound(1.35, "relay")], connections=4096, length=2),
    "large": Row("1 MiB bodies, 16 connections", "CPU ms a GiB",
                 [peers.berth, peers.splice_relay, peers.relay, peers.nginx, peers.haproxy, peers.haproxy_splice],
                 [Bound(1.15, "splice relay"), Bound(0.5, "HAProxy")], connections=16, size=2**20),
    "unix": Row("backend on a unix socket", US, [peers.berth_unix, peers.berth, peers.relay],
                [Bound(1.0, "relay", "berth, unix socket")]),
    "latency": Row("added latency at concurrency 1", "µs", ALL,
                   [Bound(1.2, "relay"), Bound(1.0, "nginx, p99", "berth, p99")], connections=1, kind="latency"),
    "idle": Row("memory of an idle keep-alive client, 10,000 held", "KiB", ALL, [Bound(0.5)], kind="idle"),
    # In turn, each app has connections of its own: what these cost, whoever keeps so many, is shown beside.
    "apps": Row("1,000 apps with hosts and paths", US,
                [peers.berth_with_apps(1), peers.berth_with_apps(1000, "a499.example.org"),
                 peers.berth_with_apps(1000, script=LUA)],
                [Bound(1.03, "one app", "one of 1,000 apps")]),
    "swap": Row("a swap under full load", US, [peers.berth_starts], [Bound(1.1, "steady", "with a swap")],
                kind="swap", length=0.5),
    "log": Row("access log on", US, [peers.berth, peers.berth_logging],
               [Bound(1.05, "berth", "berth, access log")]),
}
