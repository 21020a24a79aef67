#!/usr/bin/env python3
"""Puts faults into berth, one at a time, and sees that a test fails of each.

The list is mutants.toml beside this file: each fault is one line of a source that becomes another, with the test
program that has to fail. The tree is left as it is: the changed source is compiled beside it, with the command
that built it, and linked in place of its object into a copy of the program.

A fault survives where its program passes. Then there is a test to write, and this ends with 1; with 2 where a
fault of the list cannot be put in (its line is gone: give it the line that does its work now).

usage: run.py [BUILD_DIR] [--only TEXT] [--some N] [--jobs N] [--table]
"""
import argparse
import concurrent.futures
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tomllib

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
SECONDS = 180  # a program that hangs has failed


class Broken(Exception):
    """The fault could not be put in."""


class Build:
    """What a build directory knows of how its parts are made."""

    def __init__(self, path):
        self.path = os.path.abspath(path)
        with open(os.path.join(self.path, "compile_commands.json")) as file:
            self.compiled = {os.path.relpath(each["file"], TREE): each for each in json.load(file)}
        self.sound = {}  # what passes without a fault: (program, test cases) -> a future
        self.lock = threading.Lock()
        self.targets = dict(line.split(": ", 1) for line in self.ninja("-t", "targets", "all").splitlines() if ": " in line)

    def ninja(self, *words):
        return subprocess.run(["ninja", "-C", self.path, *words], capture_output=True, text=True, check=True).stdout

    def program(self, name):
        """Where `name` is in the build directory."""
        found = [path for path in self.targets if os.path.basename(path) == name and "EXECUTABLE_LINKER" in self.targets[path]]
        if len(found) != 1:
            raise Broken(f"there is no program {name} in {self.path}")
        return found[0]

    def compile(self, source, changed, folder):
        """The object of `source`, whose tree has the files of `folder` in place of its own."""
        if source not in self.compiled:
            raise Broken(f"{source} is not compiled by itself: name the sources that include it as `units`")
        words = shlex.split(self.compiled[source]["command"])
        words = [word for word in words if os.path.basename(word) != "ccache"]
        out = words.index("-o")
        object_name = words[out + 1]
        target = os.path.join(folder, object_name.replace("/", "-"))
        at = words.index("-c")
        words[out + 1] = target
        words[at + 1] = changed
        words[1:1] = ["-I" + folder]
        words += ["-g0", "-w"]
        run(words, self.compiled[source]["directory"], "it does not compile")
        return object_name, target

    def link(self, program, objects, folder):
        """A copy of `program` with `objects`, by the name of what they stand for, in place of its own."""
        command = self.ninja("-t", "commands", "-s", program).strip().splitlines()[-1]
        command = re.sub(r"^: && ", "", command).split(" && ")[0]
        words = shlex.split(command)
        target = os.path.join(folder, os.path.basename(program))
        words[words.index("-o") + 1] = target
        for name, path in objects:
            if name in words:
                words[words.index(name)] = path
            else:  # it is in a library, and what is defined before is not taken from that
                words.insert(next(i for i, word in enumerate(words) if word.endswith(".a")), path)
        run(words + ["-Wl,-S"], self.path, "it does not link")
        return target


def outcome(build, killer, tests, linked=None, in_front=False):
    """(exit code, what it said) of the program, or of the copy `linked` of it or, in_front, of berth. None: it hung."""
    environment = dict(os.environ, BERTH_TEST_BINARY=linked) if in_front and linked else dict(os.environ)
    words = [linked if linked and not in_front else os.path.join(build.path, killer)]
    words += ["--test-case=" + tests] if tests else []
    program = subprocess.Popen(words, cwd=os.path.join(build.path, os.path.dirname(killer)), env=environment, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace", start_new_session=True)
    try:
        said, _ = program.communicate(timeout=SECONDS)
        return program.returncode, said
    except subprocess.TimeoutExpired:
        os.killpg(program.pid, signal.SIGKILL)
        program.communicate()
        return None, "it hung"


def see_sound(build, killer, tests):
    """A program that fails by itself finds no fault. Each is run once without one."""
    with build.lock:
        mine = (killer, tests) not in build.sound
        future = build.sound.setdefault((killer, tests), concurrent.futures.Future())
    if mine:
        future.set_result(outcome(build, killer, tests))
    code, said = future.result()
    if re.search(r"test cases:\s+0 ", said):
        raise Broken(f"{killer} has no test case {tests}")
    if code != 0:
        raise Broken(f"{killer} {tests or ''} fails without the fault, too:\n" + said[-2000:])


def run(words, where, otherwise):
    done = subprocess.run(words, cwd=where, capture_output=True, text=True)
    if done.returncode != 0:
        raise Broken(otherwise + ":\n" + done.stderr[:2000])


def changed_text(mutant):
    with open(os.path.join(TREE, mutant["file"])) as file:
        text = file.read()
    if "after" in mutant and mutant["after"] not in text:
        raise Broken(f"{mutant['file']} has no line: {mutant['after']}")
    begin = text.index(mutant["after"]) if "after" in mutant else 0
    head, tail = text[:begin], text[begin:]
    count = tail.count(mutant["line"])
    if count == 0 or (count > 1 and "after" not in mutant):
        raise Broken(f"{mutant['file']} has the line {count} times: {mutant['line']}")
    return head + tail.replace(mutant["line"], mutant["becomes"], 1)


def judge(build, mutant):
    """(what became of it, seconds, last lines of the program)"""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="berth-mutant-") as folder:
        changed = os.path.join(folder, mutant["file"])
        os.makedirs(os.path.dirname(changed))
        text = changed_text(mutant)
        with open(changed, "w") as file:
            file.write(text)
        units = mutant.get("units", [mutant["file"]])
        objects = [build.compile(unit, changed if unit == mutant["file"] else os.path.join(TREE, unit), folder) for unit in units]
        killer = build.program(mutant["killer"])
        in_front = mutant["killer"].startswith("berth_e2e")
        linked = build.link(build.program("berth") if in_front else killer, objects, folder)
        tests = mutant.get("tests")
        see_sound(build, killer, tests)
        code, said = outcome(build, killer, tests, linked, in_front)
        return "survived" if code == 0 else "killed", time.monotonic() - begun, said[-600:]


def chosen(mutants, args):
    if args.only:
        mutants = [each for each in mutants if args.only in each["name"] or args.only in each["file"]]
    if args.some and args.some < len(mutants):
        # By turns: each commit takes those after the ones that the commit before it took.
        commits = int(subprocess.run(["git", "rev-list", "--count", "HEAD"], cwd=TREE, capture_output=True, text=True, check=True).stdout)
        first = commits * args.some % len(mutants)
        mutants = (mutants + mutants)[first:first + args.some]
    return mutants


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", nargs="?", default=os.path.join(TREE, "build", "dev"))
    parser.add_argument("--only", metavar="TEXT", help="those whose name or file has TEXT")
    parser.add_argument("--some", type=int, metavar="N", help="N of them, by turns")
    parser.add_argument("--jobs", type=int, default=int(os.environ.get("BERTH_JOBS", os.cpu_count() or 1)))
    parser.add_argument("--table", action="store_true", help="a table in Markdown at the end")
    args = parser.parse_args()
    with open(os.path.join(HERE, "mutants.toml"), "rb") as file:
        mutants = chosen(tomllib.load(file)["mutant"], args)
    if not mutants:
        sys.exit("no fault of the list is meant")
    build = Build(args.build)

    def tried(mutant):
        try:
            what, seconds, said = judge(build, mutant)
        except Broken as broken:
            what, seconds, said = "broken", 0, str(broken)
        print(f"{what:9} {seconds:5.1f} s  {mutant['name']}", flush=True)
        if what == "broken":
            print("    " + said.replace("\n", "\n    "), flush=True)
        return what

    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        results = list(pool.map(tried, mutants))
    if args.table:
        print("\n| fault | what became of it | by |\n|---|---|---|")
        for mutant, what in zip(mutants, results):
            print(f"| {mutant['name']} | {what} | {mutant['killer']} {mutant.get('tests', '')} |")
    print(f"{results.count('killed')} of {len(mutants)} killed, {results.count('survived')} survived, {results.count('broken')} broken")
    sys.exit(2 if "broken" in results else 1 if "survived" in results else 0)


if __name__ == "__main__":
    main()
