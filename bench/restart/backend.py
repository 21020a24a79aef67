"""`berth demo` as the backend of every front: started on a port found free, asked until it answers, ended by TERM."""
import http.client
import os
import re
import subprocess
import threading
import time

from peers import free_port
from processes import stop, wait_for

RUNNING = []  # what is to be ended, whatever happens


def start(command, **options):
    """In a session of its own: Ctrl-C is this program's, which ends the rest in order."""
    options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | options
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, **options)
    RUNNING.append(process)
    return process


def end(process):
    stop(process)
    if process in RUNNING:
        RUNNING.remove(process)


def end_all():
    for process in reversed(RUNNING[:]):
        end(process)


def start_listening(command):
    """A program that says where it listens: the process and the port. What it writes after that is read and dropped."""
    process = start(command, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        found = re.search(r"listening on (?:http://)?[\d.]+:(\d+)", line)
        if found:
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return process, int(found.group(1))
    raise RuntimeError(f"{command[0]} did not listen")


def answering(port):
    """The pid of the demo that answers there, or None."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/info", headers={"Connection": "close"})
        answer = connection.getresponse()
        answer.read()
        return int(answer.headers.get("X-Demo-Pid") or 0) if answer.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def wait_until(condition, what, seconds=15):
    """As wait_for, and looks every 5 ms: how long a restart takes is measured."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"in vain: {what}")
        time.sleep(0.005)


class Backend:
    """One demo that answers. `port`: this one instead of a free one."""

    def __init__(self, build, port=None):
        self.port = port or free_port()
        self.process = start([os.path.join(build, "berth"), "demo"], env=os.environ | {"PORT": str(self.port)})
        wait_until(lambda: self.process.poll() is not None or answering(self.port), "an answer of the new backend")
        if self.process.poll() is not None:
            raise RuntimeError(f"the new backend has ended with {self.process.returncode}")

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def end(self):
        """TERM: it lets its requests end, closes streams and WebSockets in order, and exits."""
        end(self.process)


def wait_for_backend(port):
    wait_for(lambda: answering(port), "an answer through the front")
