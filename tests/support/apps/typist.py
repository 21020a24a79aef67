"""A user at a terminal: typist.py EXPECT TYPE [EXPECT TYPE ...] -- COMMAND

Runs COMMAND on a terminal of its own; once EXPECT has been written, behind what was expected before, types
TYPE (\\x03 and the like as Python writes them). Prints all that was written, and exits as COMMAND does."""
import os
import pty
import select
import sys

DEADLINE_S = 30


def main():
    middle = sys.argv.index("--")
    steps, command = sys.argv[1:middle], sys.argv[middle + 1:]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    written = b""
    at = 0
    ended = None
    while True:
        if steps and (found := written.find(steps[0].encode(), at)) >= 0:
            at = found + len(steps[0])
            os.write(terminal, steps[1].encode().decode("unicode_escape").encode())
            steps = steps[2:]
            continue
        if not select.select([terminal], [], [], DEADLINE_S)[0]:
            ended = f"nothing more within {DEADLINE_S} s"
            break
        try:
            more = os.read(terminal, 65536)
        except OSError:
            break
        if not more:
            break
        written += more
    sys.stdout.write(written.decode(errors="replace"))
    if ended or steps:
        print("typist:", ended or "ended", "while waiting for", steps[:1], file=sys.stderr)
        os.kill(pid, 9)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


main()
