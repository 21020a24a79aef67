#!/usr/bin/env python3
"""What one request costs berth: user instructions (callgrind) and syscalls (strace), beside the figures of peers.

Instructions and syscalls do not depend on what else the machine does, so one run says it; the start of the
program is measured by itself and taken off. Loopback only, bounded in time.

usage: hot_path.py [BUILD_DIR] [--at-most N]
"""
import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "compare"))
from load import BROWSER  # noqa: E402

CONNECTIONS = 64
SECONDS = 6
# 2-core KVM guest, Debian 12, g++ 12: user instructions bare and with a browser's 12 fields, syscalls.
BARE, WITH_FIELDS, CALLS = 7500, 15000, 4.3  # to reach
PEERS = [("nginx 1.22", 21400, 34100, 5.1), ("HAProxy 2.6", 34100, 46000, 4.2)]


class Berth:
    """`berth run --workers 1` in front of the fixed backend, under a tool."""

    def __init__(self, build, tool):
        self.berth = os.path.join(build, "berth")
        self.dir = tempfile.mkdtemp(prefix="berth-bench-")
        self.control = os.path.join(self.dir, "control.sock")
        command = tool + [self.berth, "run", "-l", "127.0.0.1:0", "--workers", "1", "--control", self.control,
                          "--ready", "listen", "--ready-timeout", "60s", "--", os.path.join(build, "bench/compare/fixed_backend")]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            self.wait_serving()
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def wait_serving(self):
        for line in self.process.stdout:
            found = re.search(r"listening on (http://\S+)", line)
            if found:
                self.url = found.group(1)
                break
        deadline = time.monotonic() + 60
        while self.status()["apps"][0]["state"] != "serving":
            if time.monotonic() > deadline:
                sys.exit("berth did not serve in time")
            time.sleep(0.2)

    def status(self):
        return json.loads(subprocess.run([self.berth, "status", "--json", "--control", self.control],
                                         capture_output=True, text=True, check=True).stdout)

    def requests(self):
        return self.status()["apps"][0]["counters"]["requests"]

    def load(self, fields):
        headers = [word for field in fields for word in ("-H", field)]
        subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}"] + headers + [self.url + "/"],
                       stdout=subprocess.DEVNULL, check=True)
        return self.requests()

    def stop(self):
        if self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        self.process.stdout.read()
        self.process.wait(60)


def instructions(build, fields, with_load):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "callgrind.out")
        with Berth(build, ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}"]) as berth:
            count = berth.load(fields) if with_load else 0
        with open(out) as text:
            total = next(int(line.split()[1]) for line in text if line.startswith(("summary:", "totals:")))
        return total, count


def syscalls(build, fields):
    """Of the worker's thread, while the load runs."""
    with Berth(build, []) as berth:
        worker = None
        for tid in os.listdir(f"/proc/{berth.process.pid}/task"):
            with open(f"/proc/{berth.process.pid}/task/{tid}/comm") as comm:
                if comm.read().startswith("berth-worker"):
                    worker = tid
        berth.load(fields)
        before = berth.requests()
        with tempfile.NamedTemporaryFile() as out:
            tracer = subprocess.Popen(["strace", "-c", "-p", worker, "-o", out.name], stderr=subprocess.PIPE, text=True)
            tracer.stderr.readline()  # attached
            after = berth.load(fields)
            tracer.send_signal(signal.SIGINT)
            tracer.wait(30)
            lines = open(out.name).read().splitlines()
    rows = {}
    for line in lines:
        words = line.split()
        if len(words) >= 5 and words[0].replace(".", "").isdigit():
            rows[words[-1]] = int(words[3])
    total = rows.pop("total")
    return total / (after - before), {name: n / (after - before) for name, n in rows.items() if n > 50}


def measure(build):
    """User instructions bare and with a browser's fields, syscalls, and these by their names."""
    start, _ = instructions(build, [], False)
    figures = []
    for fields in ([], BROWSER):
        total, count = instructions(build, fields, True)
        figures.append((total - start) / count)
    calls, by_name = syscalls(build, [])
    return figures[0], figures[1], calls, by_name


def lines(build):
    """The table, in Markdown."""
    bare, browser, calls, by_name = measure(build)
    text = ["### User instructions and syscalls a request", "",
            f"{CONNECTIONS} keep-alive connections, 100-byte response, one thread; callgrind and strace.", "",
            "| | instructions: bare | with a browser's 12 fields | syscalls |", "|---|---:|---:|---:|",
            f"| berth | {bare:,.0f} | {browser:,.0f} | {calls:.2f} |"]
    text += [f"| {name}, measured once, before | {a:,} | {b:,} | {c:.2f} |" for name, a, b, c in PEERS]
    return text + ["", "- syscalls: " + ", ".join(f"{name} {n:.2f}" for name, n in by_name.items()),
                   f"- to reach: {BARE:,}, {WITH_FIELDS:,} and {CALLS}: "
                   + ("reached" if bare <= BARE and browser <= WITH_FIELDS and calls <= CALLS else "**missed**"), ""]


def check(build):
    """Only what the loop does for a request counts, so that the start need not be known. In a few seconds."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "callgrind.out")
        berth = Berth(build, ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}",
                              "--collect-atstart=no", "--toggle-collect=berth::loop::Loop::dispatch()"])
        port = berth.url.rstrip("/").rpartition(":")[2]
        subprocess.run([os.path.join(build, "bench/compare/load_client"), port, str(CONNECTIONS), "0", "4"],
                       stdout=subprocess.DEVNULL, check=True)
        count = berth.requests()
        berth.stop()
        with open(out) as text:
            total = next(int(line.split()[1]) for line in text if line.startswith(("summary:", "totals:")))
    print(f"user instructions a request in the loop: {total / count:,.0f} ({count:,} requests)")
    return total / count


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--at-most", type=float, metavar="N", help="one short run, and an error above N instructions")
    parser.add_argument("build", nargs="?", default=os.path.join(os.path.dirname(__file__), "..", "build", "release"))
    args = parser.parse_args()
    if args.at_most is None:
        print("\n".join(lines(args.build)))
    elif check(args.build) > args.at_most:
        sys.exit(f"more than {args.at_most:,.0f}: what has made a request dearer?")


if __name__ == "__main__":
    main()
