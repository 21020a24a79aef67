"""docs/restart.md: the table, the machine, versions, commands and settings."""
import datetime
import os
import platform
import resource
import shlex
import string
import time

import peers
from block import ASK, MIX, RATE
from fronts import DRAIN_S, HERE
from summary import tables

BUSY = 0.1  # share of the processors that others may use before it is said loudly


class Others:
    """How much of the processors programs other than these use from now on."""

    def __init__(self):
        self.begun, self.busy, self.own = time.monotonic(), self.busy_now(), self.own_now()

    @staticmethod
    def busy_now():
        with open("/proc/stat") as file:
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, file.readline().split()[1:9])
        return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def own_now():
        uses = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(use.ru_utime + use.ru_stime for use in uses)

    def line(self):
        used = self.busy_now() - self.busy - (self.own_now() - self.own)
        share = max(0.0, used / (os.cpu_count() * max(time.monotonic() - self.begun, 0.001)))
        line = f"- Other programs used {100 * share:.0f} % of the processors meanwhile."
        return line if share < BUSY else f"{line} **The counts hold; the latencies are a busy machine's, of all fronts alike.**"


def machine(build, kinds):
    model = next((line.partition(":")[2].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    system = next((line.partition("=")[2].strip().strip('"') for line in open("/etc/os-release")
                   if line.startswith("PRETTY_NAME")), "?")
    today = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
    lines = [f"- {today}; {model}, {os.cpu_count()} cores; {platform.system()} {platform.release()}, {system}"]
    return lines + [f"- {name}: {peers.version(name, build)}" for name in ["berth", *peers.PROGRAMS]
                    if name == "berth" or any(kind.name.startswith(name) for kind in kinds)]


def load_line(kind, restarts, every):
    """As it is run, with words for what differs from run to run."""
    words = ["berth", "load", "http://127.0.0.1:PORT/", "-r", str(RATE), "--mix", MIX, "--probe", "1ms",
             "-d", f"{int((restarts + 1) * every * 1000) - 200}ms"]
    words += (["--swap-every", f"{every:g}s", "--control", "control.sock"] if kind.swaps
              else ["--each", f"{every:g}s", "--", "RESTART"])
    return shlex.join(words)


def repeat(args):
    given = [("--restarts", args.restarts, 50), ("--block", args.block, 10), ("--every", args.every, 4)]
    return " ".join(["./dev restart-bench --write"] + [f"{option} {value:g}" for option, value, usual in given if value != usual])


def settings(kinds):
    parts = []
    for template in dict.fromkeys(kind.template for kind in kinds if kind.template):
        with open(os.path.join(HERE, "settings", template)) as file:
            parts.append(f"{template}:\n\n```\n{file.read().replace('$$', '$').rstrip()}\n```")
    return "\n\n".join(parts)


def text(kinds, summaries, where, args):
    """The page, from page.md."""
    size = min(args.block, args.restarts)
    commands = [load_line(kind, count, args.every) for kind in {kind.swaps: kind for kind in kinds}.values()
                for count in dict.fromkeys((size, args.restarts))]
    with open(os.path.join(HERE, "page.md")) as file:
        page = string.Template(file.read())
    return page.substitute(
        repeat=repeat(args), restarts=args.restarts, size=size, cores=os.cpu_count(), where="\n".join(where),
        tables="\n".join(tables(summaries)).rstrip(), rate=f"{RATE:,}", commands="\n".join(commands), ask=ASK.format(port="PORT"),
        drain=f"{DRAIN_S:g}", how="\n".join(f"- {kind.name}: {kind.how}" for kind in kinds), settings=settings(kinds))
