"""Processes of a benchmark: started on a core of their own, ended by their pid, and what they have used."""
import os
import re
import resource
import subprocess
import tempfile
import time

PROXY_CORE, OTHER_CORE = 0, 1


def allow_many_descriptors(wanted=65536):
    """For this process and those it starts; as far as the system grants it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(wanted, soft), max(wanted, hard)))
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def most_clients(each=1):
    """That a program can have within the limit of descriptors, with `each` of them for one."""
    return (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 400) // each


def start(command, core, **options):
    """Popen on one core, where there are two; its output is thrown away unless `options` say otherwise."""
    def pin():
        if (os.cpu_count() or 1) > 1:
            os.sched_setaffinity(0, {core})
    options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | options
    return subprocess.Popen(command, preexec_fn=pin, **options)


def start_listening(command, core, **options):
    """A program that says "listening on [http://]ADDRESS" on its standard output: the process and the address."""
    process = start(command, core, stdout=subprocess.PIPE, text=True, **options)
    for line in process.stdout:
        found = re.search(r"listening on (?:http://)?(\S+)", line)
        if found:
            return process, found.group(1)
    raise RuntimeError(f"{command[0]} did not listen")


def stop(process):
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()


def tree(pid):
    """The process and its descendants that run the same program: a backend started by a proxy is not counted."""
    found, waiting = [], [pid]
    program = os.path.realpath(f"/proc/{pid}/exe")
    while waiting:
        at = waiting.pop()
        try:
            same = os.path.realpath(f"/proc/{at}/exe") == program
            children = [int(child) for task in os.listdir(f"/proc/{at}/task")
                        for child in open(f"/proc/{at}/task/{task}/children").read().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if same:
            found.append(at)
        waiting += children
    return found


def cpu_ns(pid):
    """Time on a core of all threads of the tree (schedstat): in the kernel and out of it."""
    total = 0
    for process in tree(pid):
        try:
            for task in os.listdir(f"/proc/{process}/task"):
                total += int(open(f"/proc/{process}/task/{task}/schedstat").read().split()[0])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total


def resident_kib(pid):
    total = 0
    for process in tree(pid):
        with open(f"/proc/{process}/status") as status:
            total += sum(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))
    return total


def wait_for(condition, what, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"in vain: {what}")
        time.sleep(0.02)


class Folder(tempfile.TemporaryDirectory):
    """Temporary; where a proxy that gives up root's rights can read."""

    def __init__(self):
        super().__init__(prefix="berth-bench-")
        os.chmod(self.name, 0o755)
