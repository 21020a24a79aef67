"""Serves on PORT, and asks at its terminal for the name that it answers with."""
import http.server
import os
import threading

name = b"nobody"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(name)))
        self.end_headers()
        self.wfile.write(name)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
while True:
    try:
        name = input("name? ").encode()
        print("it is", name.decode(), flush=True)
    except EOFError:
        print("no more names", flush=True)
        break
threading.Event().wait()
