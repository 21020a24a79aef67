"""Runs a command at a terminal that is lost, and says how it ended.

    stuck_terminal.py [--close] TEXT COMMAND ARG...

Reads what the command writes until TEXT has come, and then nothing any more, as an ssh session that is stuck;
and sends TERM. With --close the terminal is closed instead, as a window is.
"""
import os
import pty
import signal
import sys

DEADLINE = 20

words = sys.argv[1:]
closes = words[0] == "--close"
text, command = words[closes].encode(), words[closes + 1:]
pid, master = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
seen = b""
while text not in seen:
    seen = seen[-len(text):] + os.read(master, 4096)
if closes:
    os.close(master)
else:
    os.kill(pid, signal.SIGTERM)
late = []
signal.signal(signal.SIGALRM, lambda *_: (late.append(True), os.kill(pid, signal.SIGKILL)))
signal.alarm(DEADLINE)
_, status = os.waitpid(pid, 0)
print("held by its terminal" if late else f"ended {os.waitstatus_to_exitcode(status)}")
sys.exit(bool(late))
