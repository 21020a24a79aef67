"""The load: wrk for as fast as it goes, the load client for a fixed rate, and many clients that do nothing."""
import json
import os
import re
import socket
import subprocess

from processes import OTHER_CORE, start

BROWSER = [
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Accept-Language: en-US,en;q=0.5", "Accept-Encoding: gzip, deflate, br, zstd", "DNT: 1", "Sec-GPC: 1",
    "Upgrade-Insecure-Requests: 1", "Sec-Fetch-Dest: document", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Site: none",
    "Priority: u=0, i", "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark",
]
UNITS = {"us": 1, "ms": 1e3, "s": 1e6, "m": 60e6}


class Failed(Exception):
    """Some of the requests got no 2xx: nothing that was measured is worth anything."""


def wrk(port, connections, seconds, fields=(), script=None):
    """Requests that were answered, and their latencies in microseconds: {"requests", "p50", "p99"}."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "10s"]
    command += [word for field in fields for word in ("-H", field)] + (["-s", script] if script else [])
    process = start(command + [f"http://127.0.0.1:{port}/"], OTHER_CORE, stdout=subprocess.PIPE, text=True)
    text = process.communicate()[0]
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    if "Non-2xx" in text or (errors and any(int(n) for n in errors.groups())):
        raise Failed(" ".join(line.strip() for line in text.splitlines() if "Non-2xx" in line or "errors" in line))
    result = {"requests": int(re.search(r"(\d+) requests in", text).group(1))}
    for name, value, unit in re.findall(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s|m)\s*$", text, re.M):
        result["p" + name] = float(value) * UNITS[unit]
    return result


def at_rate(build, port, connections, rate, seconds):
    process = start([os.path.join(build, "bench/compare/load_client"), str(port), str(connections), str(rate),
                     str(seconds)], OTHER_CORE, stdout=subprocess.PIPE, text=True)
    result = json.loads(process.communicate()[0])
    if result["failed"]:
        raise Failed(f"{result['failed']} requests failed")
    return {"requests": result["ok"]}


def hold(port, count):
    """`count` clients that have asked once and stay: their sockets."""
    held = []
    for _ in range(count):
        client = socket.create_connection(("127.0.0.1", port), timeout=10)
        client.sendall(b"GET / HTTP/1.1\r\nHost: a0.example.org\r\n\r\n")
        if not client.recv(4096).startswith(b"HTTP/1.1 200"):
            raise Failed("an idle client was not answered")
        held.append(client)
    return held
