"""A server whose process lives while its port is closed: after GET /close it closes its listener and listens anew, on the same
port, only once the file that its argument names is there. As a reloader at work."""
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

number = 0
HTTPServer.request_queue_size = 128


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = f"listener {number}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.server.over = self.path == "/close"

    def log_message(self, *_):
        pass


while True:
    number += 1
    with HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler) as server:
        server.over = False
        while not server.over:
            server.handle_request()
    print("closed", flush=True)
    while not os.path.exists(sys.argv[1]):
        time.sleep(0.01)
