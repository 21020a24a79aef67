"""The berth under test: its file, its process, and its control API as a client of the socket speaks it."""
import asyncio
import dataclasses
import fcntl
import json
import os
import resource
import sys

from leftovers import Record

READY, DRAIN, GRACE, HEAD, STALL, IDLE, HOLD = 3, 5, 1, 4, 3, 3, 20  # seconds: the deadlines of the file
LONG_GRACE = 0.3


@dataclasses.dataclass(frozen=True)
class App:
    """An app of the file, in the file's own words."""
    listen: str
    path: str = "/"
    swap: str = "overlap"
    long: str = "cut"
    mode: str = "http"


APPS = {"web": App("127.0.0.1:0"),  # web and api share an address
        "api": App("127.0.0.1:0", path="/api", long="drain"),
        "single": App("127.0.0.2:0", swap="stop-start"),
        "lines": App("127.0.0.3:0", mode="tcp")}
HTTP = tuple(name for name, app in APPS.items() if app.mode == "http")
F_SETPIPE_SZ = 1031


def here(name):
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), name)


def command(app, mark, kind, record, seed=0, port="{port}"):
    speaks = "lines" if APPS[app].mode == "tcp" else "http"
    return [sys.executable, "-I", "-S", "-B", here("backend.py"), "--port", port, "--mark", mark, "--record", record,
            "--speaks", speaks, "--fault", kind, "--seed", str(seed)]


def file_text(record, access_log):
    lines = ["[front]", "workers = 2", "[front.log]", f'access = "{access_log}"']
    for address in sorted({APPS[name].listen for name in HTTP}):
        lines += [f'[listener."{address}"]', f'head_timeout = "{HEAD}s"']
    for name, app in APPS.items():
        lines += [f"[app.{name}]", f'listen = "{app.listen}"', f'swap = "{app.swap}"',
                  f"command = {json.dumps(command(name, f'{name}-first', 'plain', record))}", f'drain = "{DRAIN}s"',
                  f'stop = {{ grace = "{GRACE}s" }}']
        if app.mode == "http":
            lines += [f'path = "{app.path}"', f'ready = {{ http = "/", timeout = "{READY}s" }}', f'long = "{app.long}"',
                      f'long_grace = "{LONG_GRACE * 1000:.0f}ms"']
        else:
            lines += [f'mode = "{app.mode}"', f'ready = {{ tcp = true, timeout = "{READY}s" }}']
        lines += [f"[app.{name}.limits]", f'body_stall = "{STALL}s"', f'stream_idle = "{IDLE}s"',
                  f'response_timeout = "{IDLE + 2}s"', f'hold_timeout = "{HOLD}s"']
    return "\n".join(lines) + "\n"


class Front:
    """One berth in a folder of its own. Its log goes through a small pipe, which can be left unread."""

    def __init__(self, berth, folder, token, on_line):
        self.berth, self.folder, self.token, self.on_line = berth, folder, token, on_line
        self.record, self.socket, self.access_log = (f"{folder}/{name}" for name in ("record", "control.sock", "access.log"))
        self.lines = Record(self.record).lines
        self.read, self.process, self.addresses = asyncio.Event(), None, {}

    @property
    def pid(self):
        return self.process.pid

    async def start(self):
        with open(f"{self.folder}/berth.toml", "w") as file:
            file.write(file_text(self.record, self.access_log))
        read, write = os.pipe()
        fcntl.fcntl(write, F_SETPIPE_SZ, 4096)
        self.process = await asyncio.create_subprocess_exec(
            self.berth, "run", "-c", f"{self.folder}/berth.toml", "--control", self.socket, stdin=asyncio.subprocess.DEVNULL,
            stdout=write, stderr=write, env=dict(os.environ, BERTH_CHAOS=self.token), start_new_session=True)
        os.close(write)
        self.read.set()
        self.reading = asyncio.create_task(self.read_log(read))
        for _ in range(600):
            await asyncio.sleep(0.05)
            if os.path.exists(self.socket) and all(a["state"] == "serving" for a in (await self.status())["apps"]):
                break
        else:
            raise RuntimeError("berth did not serve within 30 s")
        for app in (await self.status())["apps"]:
            host, _, port = app["addresses"][0].rpartition(":")
            self.addresses[app["name"]] = (host.strip("[]"), int(port))

    async def read_log(self, fd):
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(fd, "rb", 0))
        try:
            while line := await reader.readline():
                self.on_line(line.decode(errors="replace").rstrip())
                if not self.read.is_set():
                    transport.pause_reading()
                    await self.read.wait()
                    transport.resume_reading()
        finally:
            transport.close()

    async def call(self, method, path, body=None, on_event=lambda event: None, timeout=90):
        """One call: the object answered, or of a stream its last object."""
        async def exchange():
            reader, writer = await self.connect()
            try:
                data = json.dumps(body).encode() if body is not None else b""
                writer.write(f"{method} {path} HTTP/1.0\r\nHost: berth\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                if "x-ndjson" not in head:
                    return json.loads(await reader.read())
                last = {}
                while line := await reader.readline():
                    if line.strip():
                        last = json.loads(line)
                        on_event(last)
                return last
            finally:
                writer.close()
        return await asyncio.wait_for(exchange(), timeout)

    async def connect(self):
        """While the socket's file is deleted nobody can."""
        for _ in range(100):
            try:
                return await asyncio.open_unix_connection(self.socket, limit=4 << 20)
            except (FileNotFoundError, ConnectionRefusedError):
                await asyncio.sleep(0.05)
        raise RuntimeError("the control socket is gone")

    async def status(self):
        return await self.call("GET", "/v1/status")

    async def swap(self, app, body, on_event, verb="swap"):
        return await self.call("POST", f"/v1/apps/{app}/{verb}", body, on_event)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def limit_descriptors(self, soft=None):
        """Lowers berth's soft limit, or (without a number) raises it to the hard one again."""
        _, hard = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (soft or hard, hard))

    def memory_kib(self):
        with open(f"/proc/{self.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))
