"""Runs a command at a terminal that takes no more output, sends it TERM, and says how it ended.

    stuck_terminal.py TEXT COMMAND ARG...

Reads what the command writes until TEXT has come, and then nothing any more, as an ssh session that is stuck.
"""
import os
import pty
import signal
import sys
import time

DEADLINE = 20

text, command = sys.argv[1].encode(), sys.argv[2:]
pid, master = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
seen = b""
while text not in seen:
    seen = seen[-len(text):] + os.read(master, 4096)
os.kill(pid, signal.SIGTERM)
ends = time.monotonic() + DEADLINE
while time.monotonic() < ends:
    done, status = os.waitpid(pid, os.WNOHANG)
    if done:
        print(f"ended {os.waitstatus_to_exitcode(status)}")
        sys.exit(0)
    time.sleep(0.02)
os.kill(pid, signal.SIGKILL)
print("held by its terminal")
sys.exit(1)
