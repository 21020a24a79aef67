"""Says which listener of its life it answers on; after GET /again it closes that one and listens anew, on the same port."""
import os
from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"listener {number}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.server.over = self.path == "/again"

    def log_message(self, *_):
        pass


number = 0
while True:
    number += 1
    with HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler) as server:
        server.over = False
        while not server.over:
            server.handle_request()
