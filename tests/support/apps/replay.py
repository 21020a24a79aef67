"""A server whose stream can be taken up again: every 20 ms an id that any instance of it knows, over an event
stream (/events, Last-Event-ID) and a WebSocket (/ws?after=ID). / is a page that follows both and reports to /report.

usage: replay.py PORT REPORT_FILE
"""
import base64
import hashlib
import http.server
import struct
import sys
import threading
import time

PERIOD = 0.02
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3

PAGE = b"""<!doctype html><title>replay</title><script>
const seen = {events: [], ws: []}, opened = {events: 0, ws: 0}, codes = [];
const note = (kind, id) => seen[kind].push(Number(id));
const source = new EventSource('/events');
source.onopen = () => ++opened.events;
source.onmessage = e => note('events', e.lastEventId);
function follow() {
  const last = seen.ws[seen.ws.length - 1] || 0;
  const socket = new WebSocket('ws://' + location.host + '/ws?after=' + last);
  socket.onopen = () => ++opened.ws;
  socket.onmessage = e => note('ws', e.data);
  socket.onclose = e => { codes.push(e.code + (e.wasClean ? ' clean' : ' unclean')); setTimeout(follow, 10); };
}
follow();
const gaps = ids => ids.filter((id, i) => i && id !== ids[i - 1] + 1).length;
setInterval(() => fetch('/report', {method: 'POST', body: JSON.stringify(
  {opened, codes, counts: [seen.events.length, seen.ws.length], gaps: [gaps(seen.events), gaps(seen.ws)]})}), 100);
</script>"""


def now_id():
    return int(time.time() / PERIOD)


def ids_after(last):
    """Those that are due and were not had, then each when it is due."""
    last = last or now_id()
    while True:
        while last < now_id():
            last += 1
            yield last
        time.sleep(PERIOD / 2)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def reply(self, body, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(sys.argv[2], "wb") as file:
            file.write(body)
        self.reply(b"thanks", "text/plain")

    def do_GET(self):
        if self.path.startswith("/events"):
            return self.events()
        if self.path.startswith("/ws"):
            return self.web_socket()
        return self.reply(PAGE, "text/html")

    def events(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        text = "retry: 10\n\n"
        try:
            for number in ids_after(int(self.headers.get("Last-Event-ID") or 0)):
                text += f"id: {number}\ndata: x\n\n"
                # Two chunks that do not end where the event does.
                for piece in (text[:7], text[7:]):
                    self.wfile.write(f"{len(piece):x}\r\n{piece}\r\n".encode())
                text = ""
        except OSError:
            self.close_connection = True

    def web_socket(self):
        accept = base64.b64encode(hashlib.sha1(self.headers["Sec-WebSocket-Key"].encode() + GUID).digest())
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept.decode())
        self.end_headers()
        self.close_connection = True
        ended = threading.Event()
        threading.Thread(target=self.until_close, args=[ended], daemon=True).start()
        try:
            for number in ids_after(int(self.path.partition("after=")[2] or 0)):
                if ended.is_set():
                    self.wfile.write(b"\x88\x02" + struct.pack(">H", 1000))
                    return
                payload = str(number).encode()
                self.wfile.write(bytes([0x81, len(payload)]) + payload)
        except OSError:
            pass

    def until_close(self, ended):
        while True:
            head = self.rfile.read(2)
            if len(head) < 2:
                break
            self.rfile.read(4 + (head[1] & 0x7F))
            if head[0] & 0x0F == 8:
                break
        ended.set()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
