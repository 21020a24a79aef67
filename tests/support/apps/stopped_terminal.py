"""Runs a command at a terminal whose output is stopped, as by Ctrl-S, sends it a signal, and says how it ended.

    stopped_terminal.py SIGNAL TEXT COMMAND ARG...

Reads what the command writes until TEXT has come, stops the output then, and sends the signal once.
"""
import os
import signal
import subprocess
import sys
import termios

DEADLINE = 20

number, text, command = signal.Signals[sys.argv[1]], sys.argv[2].encode(), sys.argv[3:]
master, terminal = os.openpty()
child = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True)
seen = b""
while text not in seen:
    seen = seen[-len(text):] + os.read(master, 4096)
termios.tcflow(terminal, termios.TCOOFF)
child.send_signal(number)
try:
    print(f"ended {child.wait(DEADLINE)}")
except subprocess.TimeoutExpired:
    child.kill()
    print("held by its terminal")
