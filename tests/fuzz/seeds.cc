#include "tests/fuzz/seeds.h"

namespace berth::fuzz {

// Long messages are written as several literals.
// NOLINTBEGIN(bugprone-suspicious-missing-comma)

const std::vector<std::string>& request_seeds() {
  static const std::vector<std::string> kSeeds{
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /a?b=c HTTP/1.1\r\nHost: example.org:8000\r\nConnection: keep-alive, X-A\r\nX-A: 1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n",
      "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;e=\"a\"\r\nhello\r\n0\r\nX-T: "
      "1\r\n\r\n",
      "PUT http://example.org/abs?x HTTP/1.1\r\nHost: other\r\nContent-Length: 0\r\n\r\n",
      "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
      "HEAD / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
      "\r\nDELETE /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
      "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nKeep-Alive: 5\r\nX-Forwarded-For: ::1\r\nVia: 1.0 "
      "x\r\n\r\n",
  };
  return kSeeds;
}

const std::vector<std::string>& response_seeds() {
  static const std::vector<std::string> kSeeds{
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n",
      "HTTP/1.1 200 OK\r\n\r\nuntil the end",
      "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: </a>\r\n\r\nHTTP/1.1 204 None\r\n\r\n",
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\nETag: \"a\"\r\n\r\n",
      "HTTP/1.1 200\r\nConnection: close, X-B\r\nX-B: 1\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 "
      "OK\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
      "8\r\ndata: a\n\r\n1\r\n\n\r\n0\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nbytes",
      "HTTP/1.1 500 Oh\r\nContent-Length: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: x\r\n\r\nx",
  };
  return kSeeds;
}

// NOLINTEND(bugprone-suspicious-missing-comma)

}  // namespace berth::fuzz
