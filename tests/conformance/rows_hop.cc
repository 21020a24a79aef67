// Fields of one hop, in both directions, and what a peer may not have removed by naming it.
#include "tests/conformance/rows.h"

namespace berth::test {
namespace {

constexpr const char* kHop = "RFC 9110 §7.6.1";

Row request(const std::string& name, const std::string& fields, Want want, const char* source = kHop) {
  return pass(name, source, start() + fields + "\r\n", std::move(want));
}
Row response(const std::string& name, const std::string& fields, Want want, const char* source = kHop) {
  want.answer = "ok";
  return answer("answer: " + name, source,
                {say("HTTP/1.1 200 OK\r\n" + fields + "Content-Length: 2\r\n\r\nok")}, std::move(want));
}
const std::vector<std::string> kOurs{"\r\nX-Forwarded-For: 127.0.0.1\r\n", "\r\nX-Forwarded-Proto: http\r\n",
                                     "\r\nX-Forwarded-Host: a\r\n", "\r\nVia: 1.1 berth-"};

}  // namespace

Group hop_rows() {
  return {
      "Fields of one hop",
      "Removed in both directions; what frames a message or is added on the way stays, whoever names it.",
      {
          request("a field that Connection lists", "Connection: X-Hop\r\nX-Hop: 1\r\nX-End: 2\r\n",
                  {.passed = {"\r\nX-End: 2\r\n"}, .removed = {"x-hop"}}),
          request("several, in odd letters and places",
                  "X-One: 1\r\nConnection: keep-alive,\tx-ONE ,, X-Two\r\nX-Two: 2\r\nConnection: X-Three\r\n"
                  "X-Three: 3\r\nX-End: 2\r\n",
                  {.passed = {"\r\nX-End: 2\r\n"}, .removed = {"x-one", "x-two", "x-three"}}),
          request("Keep-Alive and Proxy-Connection",
                  "Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\n",
                  {.removed = {"keep-alive: timeout", "proxy-connection"}}),
          request("TE for a coding", "TE: gzip\r\nConnection: TE\r\n", {.removed = {"gzip"}},
                  "RFC 9110 §10.1.4"),
          request("TE for trailers", "TE: trailers\r\nConnection: TE\r\n",
                  {.only_berth = {"\r\nTE: trailers\r\n"}}, "RFC 9110 §10.1.4"),
          request("TE for trailers and a coding", "TE: gzip;q=0.5, trailers\r\nConnection: TE\r\n",
                  {.removed = {"gzip"}, .only_berth = {"\r\nTE: trailers\r\n"}}, "RFC 9110 §10.1.4"),
          request("Upgrade without its option", "Upgrade: websocket\r\n", {.removed = {"upgrade"}},
                  "RFC 9110 §7.8"),
          request("the option without Upgrade", "Connection: upgrade\r\n", {.removed = {"upgrade"}},
                  "RFC 9110 §7.8"),
          request("an upgrade to h2c",
                  "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: "
                  "AAMAAABkAAQAoAAAAAIAAAAA\r\n",
                  {.removed = {"upgrade", "h2c", "http2-settings"}}, "RFC 9113 §3.1"),
          request("an upgrade to h2c in odd letters", "Connection: upgrade\r\nUpgrade: H2C\r\n",
                  {.removed = {"upgrade", "h2c"}}, "RFC 9113 §3.1"),
          request("an upgrade to h2c among others", "Connection: upgrade\r\nUpgrade: websocket, h2c\r\n",
                  {.removed = {"h2c"}}, "RFC 9113 §3.1"),
          request("an upgrade to h2c in a second field",
                  "Connection: upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n", {.removed = {"h2c"}},
                  "RFC 9113 §3.1"),
          request("an upgrade to h2c with a version", "Connection: upgrade\r\nUpgrade: h2c/2\r\n",
                  {.removed = {"h2c"}}, "RFC 9113 §3.1"),
          pass("Upgrade in HTTP/1.0", "RFC 9110 §7.8",
               "GET /here HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
               {.ends = Ends::Closed, .removed = {"upgrade"}}),
          request("what the client says of itself",
                  "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: gopher\r\nX-Forwarded-Host: evil\r\n"
                  "Forwarded: for=6.6.6.7\r\nX_Forwarded_For: 6.6.6.8\r\nX-Forwarded-Prefix: /evil\r\n",
                  {.removed = {"6.6.6", "gopher", "evil"}, .only_berth = kOurs}, "RFC 7239 §8.1"),
          request("Connection lists what is added",
                  "Connection: close, X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, Via\r\n",
                  {.ends = Ends::Closed, .only_berth = kOurs}),
          request("Connection lists Host", "Connection: Host\r\n", {.passed = {"\r\nHost: a\r\n"}}),
          request("Connection lists the request's id", "Connection: X-Request-Id\r\nX-Request-Id: mine\r\n",
                  {.only_berth = {"\r\nX-Request-Id: "}}),
          pass("Connection lists Content-Length", kHop,
               start("POST") + "Connection: Content-Length\r\nContent-Length: 5\r\n\r\nhello",
               {.body = "hello"}),
          pass("Connection lists Transfer-Encoding", kHop,
               start("POST") + "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "5\r\nhello\r\n0\r\n\r\n",
               {.body = "hello"}),
          {.name = "Connection lists Expect",
           .source = kHop,
           .client = {say(start("POST") +
                          "Connection: Expect\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"),
                      hear("HTTP/1.1 100"), hear("\r\n\r\n"), say("hello")},
           .backend = {hear("\r\nExpect: 100-continue\r\n"), say("HTTP/1.1 100 Continue\r\n\r\n")},
           .want = {.body = "hello"}},
          request("Connection lists itself and nothing", "Connection: Connection,,X-None,\r\n",
                  {.removed = {"x-none"}}),
          response("a field that Connection lists", "Connection: X-Hop\r\nX-Hop: 1\r\nX-End: 2\r\n",
                   {.answered = {"\r\nX-End: 2\r\n"}, .withheld = {"x-hop"}}),
          response("Keep-Alive", "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n",
                   {.withheld = {"keep-alive: timeout"}}),
          response("Proxy-Connection", "Proxy-Connection: close\r\n", {.withheld = {"proxy-connection"}}),
          response("Upgrade", "Connection: upgrade\r\nUpgrade: h2c\r\n", {.withheld = {"h2c"}},
                   "RFC 9110 §7.8"),
          response("Connection lists Content-Length", "Connection: Content-Length\r\n",
                   {.answered = {"Content-Length: 2\r\n"}}),
          answer("answer: Connection lists Transfer-Encoding", kHop,
                 {say("HTTP/1.1 200 OK\r\nConnection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "2\r\nok\r\n0\r\n\r\n")},
                 {.answer = "ok"}),
          response("the backend closes, the client's connection stays", "Connection: close\r\n",
                   {.withheld = {"connection: close"}}),
          response("fields in their order, as they are",
                   "X-B: 2\r\nx-a:1\r\nX-B:   3\t\r\nX-Empty:\r\nSet-Cookie: a\r\n"
                   "Set-Cookie: b\r\n",
                   {.answered =
                        {"X-B: 2\r\nx-a:1\r\nX-B:   3\t\r\nX-Empty:\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n"}},
                   "RFC 9110 §5.3"),
      }};
}

}  // namespace berth::test
