// Bodies where few expect them, Expect, early answers, pipelining, clients that have finished sending.
#include "tests/conformance/rows.h"

namespace berth::test {
namespace {

constexpr const char* kExpect = "RFC 9110 §10.1.1";
constexpr const char* kBody = "RFC 9112 §6.3";

Row with_length(const std::string& method) {
  Row row = pass("a body with a length on " + method, kBody,
                 start(method) + "Content-Length: 38\r\n\r\nGET /inside HTTP/1.1\r\nHost: inside\r\n\r\n",
                 {.body = "GET /inside HTTP/1.1\r\nHost: inside\r\n\r\n"});
  row.to_head = method == "HEAD";
  if (row.to_head) row.backend = {whole_request(), say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")};
  return row;
}
Row with_chunks(const std::string& method) {
  Row row = pass("a chunked body on " + method, kBody,
                 start(method) +
                     "Transfer-Encoding: chunked\r\n\r\n26\r\nGET /inside HTTP/1.1\r\nHost: inside\r\n\r\n"
                     "\r\n0\r\n\r\n",
                 {.body = "GET /inside HTTP/1.1\r\nHost: inside\r\n\r\n"});
  row.to_head = method == "HEAD";
  if (row.to_head) row.backend = {whole_request(), say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")};
  return row;
}

const std::string kAsk = start("POST") + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n";
const std::string kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
const std::string kLate = "GET /late HTTP/1.1\r\nHost: a\r\n\r\n";

std::string numbered(const std::string& method, int number, const std::string& rest = "\r\n") {
  return method + " /" + std::to_string(number) + " HTTP/1.1\r\nHost: a\r\n" + rest;
}
std::string reply(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

Group body_rows() {
  const std::string large(300'000, 'x');
  return {
      "Requests and their bodies",
      "A body stays a body, a late one is never read as a request, and answers come in order.",
      {
          with_length("GET"),
          with_length("HEAD"),
          with_length("DELETE"),
          with_length("OPTIONS"),
          with_chunks("GET"),
          with_chunks("HEAD"),
          with_chunks("DELETE"),
          with_chunks("OPTIONS"),
          pass("POST without a length has no body", kBody, start("POST") + "\r\n", {.body = ""}),
          pass("HTTP/1.0 POST without a length has no body", kBody,
               "POST /here HTTP/1.0\r\nHost: a\r\n\r\nGET /after HTTP/1.0\r\n\r\n",
               {.ends = Ends::Closed, .body = "", .removed = {"/after"}}),
          pass("HTTP/1.0 with a length", kBody,
               "POST /here HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
               {.ends = Ends::Closed, .body = "hello"}),
          pass("HTTP/1.0 that is kept alive", "RFC 9112 §9.3",
               "GET /here HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
               {.ends = Ends::Open, .answered = {"Connection: keep-alive"}}),
          pass("what stands behind a last request", "RFC 9112 §9.6",
               start() + "Connection: close\r\n\r\n" + kLate, {.ends = Ends::Closed, .removed = {"/late"}}),
          pass("half a request in the body's place is awaited, then passed", kBody,
               start("POST") + "Content-Length: 300000\r\n\r\n" + large, {.body = large}),
          {.name = "an expected 100 from the backend, then the body",
           .source = kExpect,
           .client = {say(kAsk), hear("HTTP/1.1 100"), hear("\r\n\r\n"), say("hello")},
           .backend = {hear("\r\n\r\n"), say(kContinue), whole_request(), say(kOk)},
           .want = {.body = "hello",
                    .passed = {"\r\nExpect: 100-continue\r\n"},
                    .answered = {"HTTP/1.1 100"}}},
          {.name = "a body that does not wait for its 100",
           .source = kExpect,
           .client = {say(kAsk + "hello")},
           .backend = {hear("\r\n\r\n"), say(kContinue), whole_request(), say(kOk)},
           .want = {.body = "hello"}},
          {.name = "a final answer instead of 100: a late body is no request",
           .source = kExpect,
           .client = {say(start("POST") + "Expect: 100-continue\r\nContent-Length: " +
                          std::to_string(kLate.size()) + "\r\n\r\n"),
                      hear("HTTP/1.1 417"), say(kLate)},
           .backend = {hear("\r\n\r\n"), say("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n")},
           .want = {.status = 417,
                    .ends = Ends::Closed,
                    .reaches = Reaches::Part,
                    .answered = {"Connection: close"},
                    .withheld = {"HTTP/1.1 100"}}},
          {.name = "an error of the proxy instead of 100: a late body is no request",
           .source = kExpect,
           .client = {say(start("POST") + "Expect: 100-continue\r\nContent-Length: " +
                          std::to_string(kLate.size()) + "\r\n\r\n"),
                      hear("HTTP/1.1 502"), say(kLate)},
           .backend = {hear("\r\n\r\n"), say("nonsense\r\n\r\n")},
           .want = {.status = 502, .ends = Ends::Closed, .reaches = Reaches::Part, .removed = {"/late"}}},
          {.name = "an error of the proxy while the body comes: the rest is no request",
           .source = kBody,
           .client = {say(start("POST") + "Content-Length: " + std::to_string(kLate.size() + 5) +
                          "\r\n\r\nhello"),
                      hear("HTTP/1.1 502"), say(kLate)},
           .backend = {hear("hello"), say("nonsense\r\n\r\n")},
           .want = {.status = 502, .ends = Ends::Closed, .reaches = Reaches::Part, .removed = {"/late"}}},
          {.name = "Expect in HTTP/1.0",
           .source = kExpect,
           .client = {say(
               "POST /here HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello")},
           .backend = {whole_request(), say(kContinue + kOk)},
           .want = {.ends = Ends::Closed, .body = "hello", .withheld = {" 100 "}}},
          {.name = "an early answer, and the rest of the body behind it",
           .source = "RFC 9112 §9.3",
           .client = {say(start("POST") + "Content-Length: " + std::to_string(kLate.size() + 5) +
                          "\r\n\r\nhello"),
                      hear("HTTP/1.1 413"), say(kLate)},
           .backend = {hear("hello"), say("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")},
           .want = {.status = 413, .ends = Ends::Open, .body = "hello" + kLate}},
          {.name = "an early answer from a backend that then closes",
           .source = "RFC 9112 §9.6",
           .client = {say(start("POST") + "Content-Length: " + std::to_string(kLate.size() + 5) +
                          "\r\n\r\nhello"),
                      hear("HTTP/1.1 413"), say(kLate)},
           .backend = {hear("hello"),
                       say("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
                       finish()},
           .want = {.status = 413, .ends = Ends::Any, .reaches = Reaches::Part}},
          {.name = "an early answer to a client that never ends its body",
           .source = "RFC 9112 §9.3",
           .client = {say(start("POST") + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
                      hear("HTTP/1.1 413"), hear("\r\n\r\n"), finish()},
           .backend = {hear("hello"), say("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")},
           .want = {.status = 413, .ends = Ends::Closed, .reaches = Reaches::Part}},
          {.name = "pipelined requests are answered in order",
           .source = "RFC 9112 §9.3.2",
           .client = {say(numbered("GET", 1) + numbered("POST", 2, "Content-Length: 5\r\n\r\nhello") +
                          numbered("POST", 3, "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n") +
                          numbered("GET", 4)),
                      hear("first"), hear("second"), hear("third"), hear("fourth")},
           .backend = {whole_request(), say(reply("first")), whole_request(), say(reply("second")),
                       whole_request(), say(reply("third")), whole_request(), say(reply("fourth"))},
           .want = {.requests = 4, .answer = "first"}},
          {.name = "a bad request behind a good one: the good one is answered",
           .source = "RFC 9112 §9.3.2",
           .client = {say(numbered("GET", 1) + "GET /bad HTTP/1.1\r\n\r\n" + kSmuggled), hear("ok"),
                      hear("HTTP/1.1 400")},
           .want = {.ends = Ends::Closed, .removed = {"/bad"}}},
          {.name = "a client that has finished sending gets its answer",
           .source = "RFC 9112 §9.6",
           .client = {say(start() + "\r\n"), finish()},
           .want = {.ends = Ends::Closed, .answer = "ok"}},
          {.name = "a client that finishes within its body",
           .source = "RFC 9112 §8",
           .client = {say(start("POST") + "Content-Length: 10\r\n\r\nhello"), finish()},
           .want = {.status = 0, .ends = Ends::CutOff, .reaches = Reaches::Part}},
          {.name = "a client that finishes within its chunks",
           .source = "RFC 9112 §8",
           .client = {say(chunked("5\r\nhello\r\n")), finish()},
           .want = {.status = 0, .ends = Ends::CutOff, .reaches = Reaches::Part}},
          {.name = "a client that finishes within its head",
           .source = "RFC 9112 §8",
           .client = {say(start() + "X: "), finish()},
           .want = {.status = 0, .ends = Ends::CutOff, .reaches = Reaches::Nothing}},
      }};
}

}  // namespace berth::test
