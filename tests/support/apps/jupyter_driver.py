"""Runs a notebook's cells in a kernel of a running Jupyter server: jupyter_driver.py NOTEBOOK URL two|own.

two: beside the notebook's app berth has another one. The cells run as they are, the serving cell once more, and then the
notebook's own app is named. own: it has no other app, and the serving cell has to be refused. Says what the cells print, and
"kernel: PID" before and after. Exits 1 when something else comes of a cell.
"""
import asyncio
import json
import sys
import urllib.request
import uuid

import websockets

notebook, base, mode = sys.argv[1:]

NAME_OWN_APP = """
import os
try:
    berth_notebook.serve(app, os.environ["BERTH_APP"])
except berth_notebook.BerthError as error:
    print("refused:", error)
"""


class Kernel:
    def __init__(self, socket):
        self.socket = socket

    async def run(self, source):
        """What the cell printed, and its error; None for none."""
        ident = uuid.uuid4().hex
        header = {"msg_id": ident, "msg_type": "execute_request", "session": ident, "username": "", "version": "5.3"}
        content = {"code": source, "silent": False, "store_history": False, "allow_stdin": False}
        await self.socket.send(json.dumps({"header": header, "parent_header": {}, "metadata": {}, "content": content,
                                           "channel": "shell", "buffers": []}))
        printed, error = "", None
        while True:
            message = json.loads(await asyncio.wait_for(self.socket.recv(), 90))
            if message["parent_header"].get("msg_id") != ident:
                continue
            kind, said = message["header"]["msg_type"], message["content"]
            if kind == "stream":
                printed += said["text"]
            if kind == "error":
                error = f"{said['ename']}: {said['evalue']}"
            if kind == "status" and said["execution_state"] == "idle":
                return printed, error


async def fine(kernel, source):
    printed, error = await kernel.run(source)
    if error is not None:
        sys.exit(f"a cell failed: {error}\n{printed}")
    print(printed, end="", flush=True)


async def main():
    with open(notebook) as file:
        cells = [cell for cell in json.load(file)["cells"] if cell["cell_type"] == "code"]
    sources = ["".join(c["source"]) for c in cells if "stop" not in c["metadata"].get("tags", ())]
    serving = next("".join(c["source"]) for c in cells if "serve" in c["metadata"].get("tags", ()))
    made = urllib.request.urlopen(urllib.request.Request(f"{base}/api/kernels", b"{}", method="POST"), timeout=60)
    ident = json.load(made)["id"]
    ask = f"ws{base[4:]}/api/kernels/{ident}/channels"
    async with websockets.connect(ask, max_size=None, open_timeout=60) as socket:
        kernel = Kernel(socket)
        whose = "import os; print('kernel:', os.getpid())"
        await fine(kernel, whose)
        if mode == "two":
            for source in sources:
                await fine(kernel, source)
            await fine(kernel, serving)
            await fine(kernel, NAME_OWN_APP)
        else:
            await fine(kernel, sources[0])
            printed, error = await kernel.run(serving)
            print(printed, error, flush=True)
        await fine(kernel, whose)
    print("cells: done", flush=True)


asyncio.run(main())
