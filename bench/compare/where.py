"""Where a request's CPU time goes: samples of `perf`, by the system call that they fell into."""
import collections
import os
import shutil
import statistics
import subprocess
import tempfile

import load
import peers
from processes import OTHER_CORE, cpu_ns, start, tree

CONNECTIONS, SECONDS, ROUNDS = 64, 2, 3
WHO = [peers.berth, peers.relay, peers.nginx, peers.haproxy]
# The first that a function of the stack ends with, from the inside out, names the sample's place.
CALLS = {"sends": ("sys_sendto", "sys_sendmsg", "do_writev", "sys_write"), "reads": ("sys_recvfrom", "sys_recvmsg", "sys_readv", "sys_read"),
         "epoll": ("sys_epoll_wait", "sys_epoll_pwait", "sys_epoll_ctl")}
PLACES = [*CALLS, "the kernel's rest", "the program"]


def place(stack):
    """`stack`: (function, is it the kernel's), from the inside out."""
    for function, _ in stack:
        for name, calls in CALLS.items():
            if function.endswith(calls):
                return name
    return "the kernel's rest" if stack and stack[0][1] else "the program"


def stacks(data):
    text = subprocess.run(["perf", "script", "-i", data, "-F", "ip,sym,dso"], capture_output=True, text=True).stdout
    for sample in text.split("\n\n"):
        lines = [line.split() for line in sample.strip().splitlines()]
        if lines:
            yield [(line[1], "kernel" in line[-1]) for line in lines if len(line) > 2]


def sampled(build, make, backend):
    """Microseconds of CPU a request, by place."""
    peer = make(build, backend, connections=CONNECTIONS)
    try:
        load.wrk(peer.port, CONNECTIONS, 1)
        found = []
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as folder:
                data = os.path.join(folder, "perf.data")
                # cpu-clock: a virtual machine may have no counters of its own
                sampler = start(["perf", "record", "-q", "-g", "-e", "cpu-clock", "-F", "2000", "-o", data, "-p",
                                 ",".join(map(str, tree(peer.process.pid))), "--", "sleep", str(SECONDS)], OTHER_CORE)
                before = cpu_ns(peer.process.pid)
                requests = load.wrk(peer.port, CONNECTIONS, SECONDS)["requests"]
                each_us = (cpu_ns(peer.process.pid) - before) / 1000 / requests
                sampler.wait(60)
                counted = collections.Counter(map(place, stacks(data)))
            if counted:
                found.append({name: each_us * counted[name] / counted.total() for name in PLACES})
        return peer.name, {name: statistics.median(one[name] for one in found) for name in PLACES} if found else {}
    finally:
        peer.stop()


def lines(build):
    text = ["### Where a request's CPU time goes", ""]
    if not shutil.which("perf"):
        return text + ["`perf` (linux-perf) is not installed.", ""]
    backend = peers.Backend(build)
    try:
        measured = [sampled(build, make, backend) for make in WHO]
    finally:
        backend.stop()
    if not all(shares for _, shares in measured):
        return text + ["`perf` has seen nothing here.", ""]
    text += [f"100-byte response, {CONNECTIONS} connections: CPU µs a request by what it was spent in (perf, cpu-clock; medians of {ROUNDS}; "
             "sampling itself adds to all of them).", "",
             "| | " + " | ".join(PLACES) + " | all |", "|---|" + "---:|" * (len(PLACES) + 1)]
    for name, shares in measured:
        text.append(f"| {name} | " + " | ".join(f"{shares[one]:.2f}" for one in PLACES) + f" | {sum(shares.values()):.2f} |")
    return text + [""]
