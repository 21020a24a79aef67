#!/usr/bin/env python3
"""Runs a command at a terminal that is closed once a text has come.

usage: closed_terminal.py TEXT COMMAND...
Says "exit N" or "signal N" of the command, or "still runs" after 20 s, when it is killed.
"""
import os
import pty
import signal
import sys
import time

text, command = sys.argv[1].encode(), sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
said = b""
while text not in said:
    try:
        said += os.read(terminal, 4096)
    except OSError:
        sys.exit("the command ended without it: " + said.decode(errors="replace"))
os.close(terminal)  # as a window that is closed, or a connection that is lost
end = time.monotonic() + 20
while time.monotonic() < end:
    done, status = os.waitpid(pid, os.WNOHANG)
    if done:
        print(f"exit {os.WEXITSTATUS(status)}" if os.WIFEXITED(status) else f"signal {os.WTERMSIG(status)}")
        break
    time.sleep(0.01)
else:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    print("still runs")
