#!/usr/bin/python3
"""The units of the README, run by a real systemd as PID 1: unit_test.py BERTH README

They start, serve, survive the end of a backend, and stop without cutting a response or leaving a process. Exits with 77
(skipped) where systemd cannot be booted, and says why.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
APP = '''
import asyncio, os, signal

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    # A server that ends at once when it is told to: only berth may tell it.
    asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    headers = [(b"content-type", b"text/plain"), (b"x-pid", str(os.getpid()).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if scope["path"] == "/until-told":
        await send({"type": "http.response.body", "body": b"begin\\n", "more_body": True})
        while not os.path.exists("/run/told"):
            await asyncio.sleep(0.02)
    await send({"type": "http.response.body", "body": b"end\\n"})
'''
TARGET = """[Unit]
Wants=web.socket web.service
"""


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def blocks(readme):
    """Each `/etc/systemd/system/NAME` of the README with the ini block after it."""
    text = open(readme, encoding="utf-8").read()
    return dict(re.findall(r"`/etc/systemd/system/([\w.]+)`[^`]*```ini\n(.*?)```", text, re.S))


def until(true, what, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = true()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


class Machine:
    def __init__(self, scratch, units, files):
        boot = os.path.join(os.path.dirname(os.path.abspath(__file__)), "boot.sh")
        self.log = open(os.path.join(os.path.dirname(scratch), "console"), "w+")
        self.unshare = subprocess.Popen(
            ["unshare", "-pfmnu", "--cgroup", "--kill-child", "bash", boot, scratch, units, files],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)
        self.init = until(self.find_init, "systemd is PID 1")
        until(lambda: self.run("systemctl", "is-system-running").stdout.strip() not in ("", "offline"), "systemd answers")

    def find_init(self):
        if self.unshare.poll() is not None:
            skip("no namespaces or mounts here: " + self.console()[-300:])
        found = subprocess.run(["pgrep", "-P", str(self.unshare.pid)], capture_output=True, text=True).stdout.split()
        return found and b"systemd" in open(f"/proc/{found[0]}/cmdline", "rb").read() and found[0]

    def console(self):
        return open(self.log.name, encoding="utf-8", errors="replace").read()

    def inside(self, *command):
        return ["nsenter", "-a", "-r", "-w", "-t", self.init, *command]

    def run(self, *command):
        return subprocess.run(self.inside(*command), capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)

    def show(self, unit, key):
        return self.run("systemctl", "show", "-P", key, unit).stdout.strip()

    def end(self):
        self.unshare.kill()
        self.unshare.wait()


def check(machine):
    until(lambda: machine.show("web.service", "ActiveState") == "active", "web.service is active: READY=1 came")
    main = machine.show("web.service", "MainPID")

    def ask():
        return machine.run("curl", "-sS", "-m", "20", "-D", "-", "http://127.0.0.1/").stdout

    def pid_of(answer):
        return re.search(r"x-pid: (\d+)", answer).group(1)

    first = ask()
    assert first.startswith("HTTP/1.1 200") and first.endswith("end\n"), first
    swap = machine.run("/usr/local/bin/berth", "swap", "--control", "/run/web/berth.sock")
    assert swap.returncode == 0, swap.stdout + swap.stderr
    second = ask()
    assert pid_of(second) != pid_of(first), "the swap changed nothing"
    machine.run("kill", "-9", pid_of(second))
    third = until(lambda: (lambda now: "x-pid" in now and pid_of(now) != pid_of(second) and now)(ask()),
                  "berth has started another backend")
    assert machine.show("web.service", "MainPID") == main, "the end of a backend has ended the service"

    download = subprocess.Popen(machine.inside("curl", "-sSN", "-m", "40", "http://127.0.0.1/until-told"),
                                stdout=subprocess.PIPE, text=True)
    assert download.stdout.readline() == "begin\n"
    stop = subprocess.Popen(machine.inside("systemctl", "stop", "web.socket", "web.service"))
    until(lambda: machine.show("web.service", "ActiveState") == "deactivating", "the service is being stopped")
    until(lambda: machine.show("web.service", "SubState") == "stop-sigterm", "TERM was sent")
    assert machine.run("test", "-d", f"/proc/{pid_of(third)}").returncode == 0, "the backend has not waited for the download"
    machine.run("touch", "/run/told")
    rest, _ = download.communicate(timeout=40)
    assert rest == "end\n" and download.returncode == 0, "the download was cut"
    assert stop.wait(timeout=60) == 0
    assert machine.show("web.service", "ActiveState") == "inactive"
    assert machine.show("web.service", "Result") == "success", machine.show("web.service", "Result")
    left = machine.run("pgrep", "-a", "-f", "uvicorn|berth run|keeper").stdout
    assert not left, left


def main():
    berth, readme = sys.argv[1:]
    if os.geteuid() != 0:
        skip("only root can boot systemd")
    if not os.path.exists("/lib/systemd/systemd"):
        skip("no systemd on this machine")
    units = blocks(readme)
    assert set(units) == {"web.socket", "web.service"}, f"the README has the units {sorted(units)}"
    units["berth-test.target"] = TARGET
    with tempfile.TemporaryDirectory(prefix="berth-systemd-") as top:
        scratch, unit_dir, files = (os.path.join(top, name) for name in ("scratch", "units", "files"))
        for each in (scratch, unit_dir, files + "/usr/local/bin", files + "/srv/web"):
            os.makedirs(each)
        for name, text in units.items():
            open(os.path.join(unit_dir, name), "w").write(text)
        shutil.copy(berth, files + "/usr/local/bin/berth")
        open(files + "/srv/web/app.py", "w").write(APP)
        machine = Machine(scratch, unit_dir, files)
        try:
            check(machine)
        except BaseException:
            print(machine.console()[-6000:])
            raise
        finally:
            machine.end()
    print("the units of the README start, serve, swap and stop")


if __name__ == "__main__":
    main()
