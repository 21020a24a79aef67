#!/usr/bin/env python3
"""What one request costs berth: user instructions (callgrind) and syscalls (strace), beside the figures of peers.

Instructions and syscalls do not depend on what else the machine does, so one run says it; the start of the
program is measured by itself and taken off. Loopback only, bounded in time.

usage: hot_path.py [BUILD_DIR] [--bound-instructions N] [--bound-syscalls N]
"""
import argparse
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time

BROWSER = [
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Accept-Language: en-US,en;q=0.5", "Accept-Encoding: gzip, deflate, br, zstd", "DNT: 1", "Sec-GPC: 1",
    "Upgrade-Insecure-Requests: 1", "Sec-Fetch-Dest: document", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Site: none",
    "Priority: u=0, i", "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark",
]
CONNECTIONS = 64
SECONDS = 6
# 2-core KVM guest, Debian 12, g++ 12: user instructions bare and with a browser's 12 fields, syscalls.
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
        self.url = None
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
        self.process.send_signal(signal.SIGTERM)
        self.process.stdout.read()
        self.process.wait(60)


def instructions(build, fields, with_load):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "callgrind.out")
        berth = Berth(build, ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}"])
        count = berth.load(fields) if with_load else 0
        berth.stop()
        with open(out) as text:
            total = next(int(line.split()[1]) for line in text if line.startswith(("summary:", "totals:")))
        return total, count


def syscalls(build, fields):
    """Of the worker's thread, while the load runs."""
    berth = Berth(build, [])
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
    berth.stop()
    rows = {}
    for line in lines:
        words = line.split()
        if len(words) >= 5 and words[0].replace(".", "").isdigit():
            rows[words[-1]] = int(words[3])
    total = rows.pop("total")
    return total / (after - before), {name: n / (after - before) for name, n in rows.items() if n > 50}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", nargs="?", default=os.path.join(os.path.dirname(__file__), "..", "build", "release"))
    parser.add_argument("--bound-instructions", type=float, default=None)
    parser.add_argument("--bound-syscalls", type=float, default=None)
    args = parser.parse_args()
    version = subprocess.run([os.path.join(args.build, "berth"), "--version"], capture_output=True, text=True).stdout.strip()
    print(f"{version}; {platform.system()} {platform.release()}, {os.cpu_count()} cores; "
          f"1 worker, {CONNECTIONS} keep-alive connections, 100-byte response")
    start, _ = instructions(args.build, [], False)
    figures = []
    for name, fields in (("bare", []), ("browser's 12 fields", BROWSER)):
        total, count = instructions(args.build, fields, True)
        figures.append((total - start) / count)
        print(f"user instructions per request, {name}: {figures[-1]:,.0f}  ({count:,} requests)")
    calls, by_name = syscalls(args.build, [])
    print(f"syscalls per request: {calls:.2f}  (" + ", ".join(f"{k} {v:.2f}" for k, v in by_name.items()) + ")")
    print("\n                 instructions: bare   browser   syscalls")
    print(f"berth            {figures[0]:>18,.0f} {figures[1]:>9,.0f} {calls:>10.2f}")
    for name, bare, browser, peer_calls in PEERS:
        print(f"{name:<16} {bare:>18,} {browser:>9,} {peer_calls:>10.2f}   (measured before, not in this run)")
    if args.bound_instructions and figures[0] > args.bound_instructions:
        sys.exit(f"over the bound of {args.bound_instructions:,.0f} instructions")
    if args.bound_syscalls and calls > args.bound_syscalls:
        sys.exit(f"over the bound of {args.bound_syscalls} syscalls")


if __name__ == "__main__":
    main()
