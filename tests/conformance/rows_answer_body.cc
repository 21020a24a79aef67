// The bodies of answers, interim answers, and what old clients get.
#include "tests/conformance/rows.h"

namespace berth::test {
namespace {

constexpr const char* kEnd = "RFC 9112 §6.3";
constexpr const char* kCut = "RFC 9112 §8";

Row to_old(const std::string& name, const std::string& source, Steps backend, Want want) {
  Row row = answer(name, source, std::move(backend), std::move(want));
  row.client = {say("GET /here HTTP/1.0\r\nHost: a\r\n\r\n")};
  return row;
}
Row to_head(const std::string& name, const std::string& source, Steps backend, Want want,
            const std::string& version = "1.1") {
  Row row = answer(name, source, std::move(backend), std::move(want));
  row.client = {say("HEAD /here HTTP/" + version + "\r\nHost: a\r\n\r\n")};
  row.to_head = true;
  return row;
}
Want cut_off() { return {.ends = Ends::CutOff}; }

const std::string kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

}  // namespace

Group answer_body_rows() {
  return {
      "The bodies of answers",
      "They end where they end, pass as they are, and a truncated one is seen to be truncated.",
      {
          answer("a length", kEnd, {say(kOk)}, {.answer = "ok"}),
          answer("a length of nought", kEnd, {say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")},
                 {.answer = ""}),
          answer("chunks", kEnd, {say(kChunked + "2\r\nok\r\n0\r\n\r\n")}, {.answer = "ok"}),
          answer("chunks with extensions and trailers", "RFC 9112 §7.1.2",
                 {say(kChunked + "2;x=\"y\"\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n")},
                 {.answer = "ok", .answered = {"X-Sum: 1\r\n"}}),
          answer("chunks in pieces", kEnd,
                 {say(kChunked + "2"), say("\r\no"), say("k\r"), say("\n0\r\n"), say("\r\n")},
                 {.answer = "ok"}),
          answer("until the end of the connection", kEnd, {say("HTTP/1.1 200 OK\r\n\r\nok"), finish()},
                 {.answer = "ok"}),
          answer("HTTP/1.0 until the end of the connection", kEnd,
                 {say("HTTP/1.0 200 OK\r\n\r\nok"), finish()}, {.answer = "ok"}),
          answer("HTTP/1.0 with a length", kEnd,
                 {say("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"), finish()}, {.answer = "ok"}),
          answer("204", "RFC 9110 §15.3.5", {say("HTTP/1.1 204 No Content\r\n\r\n")},
                 {.status = 204, .answer = ""}),
          answer("204 with a length", "RFC 9110 §8.6",
                 {say("HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\n")},
                 {.status = 204, .answer = "", .withheld = {"content-length"}}),
          answer("204 with a body", "RFC 9110 §15.3.5",
                 {say("HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil")},
                 {.status = 204, .answer = "", .withheld = {"evil"}}),
          answer("204 with chunked", "RFC 9112 §6.1",
                 {say("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n")},
                 {.status = 204, .answer = "", .withheld = {"transfer-encoding"}}),
          answer("304 with a length", "RFC 9110 §15.4.5",
                 {say("HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\nETag: \"x\"\r\n\r\n")},
                 {.status = 304, .answer = "", .answered = {"ETag: \"x\"\r\n"}}),
          answer("304 with a body", "RFC 9110 §15.4.5",
                 {say("HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nevil")},
                 {.status = 304, .answer = "", .withheld = {"evil"}}),
          to_head("HEAD with a length", "RFC 9110 §9.3.2",
                  {say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")},
                  {.answer = "", .answered = {"Content-Length: 100\r\n"}}),
          to_head("HEAD with chunked", "RFC 9110 §9.3.2", {say(kChunked)}, {.answer = ""}),
          to_head("HEAD with neither", "RFC 9110 §9.3.2", {say("HTTP/1.1 200 OK\r\n\r\n")}, {.answer = ""}),
          to_head("HEAD with a body", "RFC 9110 §9.3.2",
                  {say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")},
                  {.answer = "", .withheld = {"evil"}}),
          to_head("HEAD with chunked, in HTTP/1.0", "RFC 9112 §6.1", {say(kChunked)},
                  {.ends = Ends::Closed, .answer = "", .withheld = {"transfer-encoding"}}, "1.0"),
          answer("103, then the answer", "RFC 9110 §15.2",
                 {say("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + kOk)},
                 {.answer = "ok", .answered = {"HTTP/1.1 103 Early Hints\r\n", "Link: </x>\r\n"}}),
          answer(
              "three interim answers, in pieces", "RFC 9110 §15.2",
              {say("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 1"), say("03 Early Hints\r\nLink: </1>\r\n\r\n"),
               say("HTTP/1.1 103 Early Hints\r\nLink: </2>\r\n\r\n" + kOk)},
              {.answer = "ok", .answered = {"HTTP/1.1 102", "Link: </1>\r\n", "Link: </2>\r\n"}}),
          answer("an interim answer with a length", "RFC 9110 §8.6",
                 {say("HTTP/1.1 103 Early Hints\r\nContent-Length: 4\r\n\r\n" + kOk)},
                 {.answer = "ok", .withheld = {"content-length: 4"}}),
          to_old("no interim answer in HTTP/1.0", "RFC 9110 §15.2",
                 {say("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + kOk)},
                 {.ends = Ends::Closed, .answer = "ok", .withheld = {"103 Early", "Link"}}),
          to_old("no chunks in HTTP/1.0", "RFC 9112 §6.1",
                 {say(kChunked + "1;x=y\r\no\r\n1\r\nk\r\n0\r\nX-Sum: 1\r\n\r\n")},
                 {.ends = Ends::Closed, .answer = "ok", .withheld = {"transfer-encoding", "x-sum"}}),
          to_old("until the end of the connection, in HTTP/1.0", kEnd,
                 {say("HTTP/1.1 200 OK\r\n\r\nok"), finish()},
                 {.ends = Ends::Closed, .answer = "ok", .withheld = {"transfer-encoding"}}),
          to_old("304 with chunked, in HTTP/1.0", "RFC 9112 §6.1",
                 {say("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n")},
                 {.status = 304, .ends = Ends::Closed, .answer = "", .withheld = {"transfer-encoding"}}),
          answer("a body shorter than its length", kCut,
                 {say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"), finish()}, cut_off()),
          answer("a body without its last chunk", kCut, {say(kChunked + "5\r\nhello\r\n"), finish()},
                 cut_off()),
          answer("a body that ends within a chunk", kCut, {say(kChunked + "5\r\nhel"), finish()}, cut_off()),
          answer("a body that ends within its trailers", kCut,
                 {say(kChunked + "2\r\nok\r\n0\r\nX: "), finish()}, cut_off()),
          answer("a body whose connection is reset", kCut,
                 {say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"), reset()}, cut_off()),
          answer("until the end, and that is a reset", kCut, {say("HTTP/1.1 200 OK\r\n\r\nhello"), reset()},
                 cut_off()),
          answer("a chunk's size that is no hex", "RFC 9112 §7.1",
                 {say(kChunked + "2\r\nok\r\n"), say("evil\r\n")},
                 {.ends = Ends::CutOff, .withheld = {"evil"}}),
          answer("a chunk longer than its size", "RFC 9112 §7.1",
                 {say(kChunked + "2\r\nok\r\n"), say("1\r\nevil\r\n")}, cut_off()),
          answer("a chunk's size that overflows", "RFC 9112 §7.1",
                 {say(kChunked + "2\r\nok\r\n"), say("10000000000000004\r\nevil\r\n")},
                 {.ends = Ends::CutOff, .withheld = {"evil"}}),
          answer("a bare line feed behind a chunk", "RFC 9112 §7.1",
                 {say(kChunked), say("2\r\nok\n0\r\n\r\n")}, cut_off()),
          answer("a length among the trailers", "RFC 9110 §6.5.1",
                 {say(kChunked + "2\r\nok\r\n"), say("0\r\nContent-Length: 9\r\n\r\n")}, cut_off()),
          to_old("chunks that break, in HTTP/1.0", kCut, {say(kChunked + "5\r\nhello\r\n"), finish()},
                 [] {
                   Want want = cut_off();
                   want.ends = Ends::CutOff;
                   return want;
                 }()),
      }};
}

/// Two requests over one connection, to a backend that says more than it was asked.
Group pool_rows() {
  const std::string again = "GET /again HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
  const auto twice = [&](const std::string& name, const std::string& source, Steps backend) {
    backend.insert(backend.begin(), whole_request());
    return Row{.name = name,
               .source = source,
               .client = {say(start() + "\r\n"), hear("ok"), backend_done(), say(again), hear("\r\n\r\nok")},
               .backend = std::move(backend),
               .want = {.requests = 2, .answer = "ok", .withheld = {"evil"}}};
  };
  return {
      "Connections to the backend that are kept",
      "What was not asked for never answers the next request.",
      {
          {.name = "a connection is dropped before the backend's own Keep-Alive is over",
           .source = "RFC 9112 §9.5",
           .client = {say(start() + "\r\n"), hear("ok"), backend_done()},
           .backend = {whole_request(),
                       say("HTTP/1.1 200 OK\r\nKeep-Alive: max=9, timeout=1\r\nContent-Length: 2\r\n\r\nok"),
                       hear_end()},
           .want = {.answer = "ok", .withheld = {"timeout=1"}}},
          twice("an answer and one too many, at once", "RFC 9112 §9.2", {say(kOk + evil)}),
          twice("an answer, and one too many later", "RFC 9112 §9.2", {say(kOk), say(evil)}),
          twice("an answer, and a 408 on the idle connection", "RFC 9110 §15.5.9",
                {say(kOk),
                 say("HTTP/1.1 408 Request Timeout\r\nContent-Length: 4\r\nConnection: close\r\n\r\nevil"),
                 finish()}),
          twice("an answer and an empty line behind it", "RFC 9112 §9.2", {say(kOk + "\r\n")}),
          twice("an answer longer than its length", "RFC 9112 §9.2", {say(kOk + "evil")}),
          twice("an answer and the end of the connection", "RFC 9112 §9.6", {say(kOk), finish()}),
          twice("chunks and one answer too many", "RFC 9112 §9.2",
                {say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + evil)}),
          {.name = "one answer too many, to pipelined requests",
           .source = "RFC 9112 §9.2",
           .client = {say(start() + "\r\n" + again), hear("ok"), hear("\r\n\r\nok")},
           .backend = {whole_request(), say(kOk + evil)},
           .want = {.requests = 2, .answer = "ok", .withheld = {"evil"}}},
          {.name = "an answer before the request is whole, and the connection kept",
           .source = "RFC 9112 §9.3",
           .client = {say(start("POST") + "Content-Length: 10\r\n\r\nhello"), hear("ok"), say("there"),
                      say(again), hear("\r\n\r\nok")},
           .backend = {hear("hello"), say(kOk)},
           .want = {.requests = 2, .withheld = {"evil"}}},
      }};
}

}  // namespace berth::test
