// What a backend may say, and what becomes of an answer that is none.
#include "tests/conformance/rows.h"

namespace berth::test {
namespace {

constexpr const char* kStatus = "RFC 9112 §4";

/// An answer that is none: 502, and the connection goes on, for nothing is wrong with the client. A POST,
/// since some of them would be asked again with GET.
Row bad(const std::string& name, const std::string& source, const std::string& text, bool ends = false) {
  Steps backend{whole_request(), say(text)};
  if (ends) backend.push_back(finish());
  return {.name = name,
          .source = source,
          .client = {say(start("POST") + "Content-Length: 5\r\n\r\nhello")},
          .backend = backend,
          .want = {.status = 502, .withheld = {"evil", "nonsense"}}};
}
Row bad_status(const std::string& name, const std::string& line) {
  return bad("status line: " + name, kStatus, line + "\r\nContent-Length: 4\r\n\r\nevil");
}
Row bad_field(const std::string& name, const std::string& source, const std::string& fields) {
  return bad(name, source, "HTTP/1.1 200 OK\r\n" + fields + "\r\nevil");
}
Row good_status(const std::string& line, int status) {
  return answer("status line " + line, kStatus, {say(line + "\r\nContent-Length: 2\r\n\r\nok")},
                {.status = status, .answer = "ok"});
}
std::string many_fields() {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "X-" + std::to_string(i) + ": 1\r\n";
  return text;
}

}  // namespace

Group answer_head_rows() {
  return {
      "The heads of answers",
      "One that is malformed becomes a 502, and nothing of it reaches the client.",
      {
          good_status("HTTP/1.1 200 Anything at all", 200),
          good_status("HTTP/1.1 200 ", 200),
          good_status("HTTP/1.1 200", 200),
          good_status("HTTP/1.1 299 Odd \xe9", 299),
          good_status("HTTP/1.1 599 Last", 599),
          good_status("HTTP/1.0 200 OK", 200),
          bad_status("no HTTP", "nonsense"),
          bad_status("another protocol", "ICY 200 OK"),
          bad_status("HTTP/2", "HTTP/2.0 200 OK"),
          bad_status("HTTP/1.2", "HTTP/1.2 200 OK"),
          bad_status("HTTP/0.9", "HTTP/0.9 200 OK"),
          bad_status("small letters", "http/1.1 200 OK"),
          bad_status("a status of two digits", "HTTP/1.1 20 OK"),
          bad_status("a status of four digits", "HTTP/1.1 2000 OK"),
          bad_status("a status of letters", "HTTP/1.1 2OO OK"),
          bad_status("a negative status", "HTTP/1.1 -20 OK"),
          bad_status("a status below 100", "HTTP/1.1 099 OK"),
          bad_status("no status", "HTTP/1.1 OK"),
          bad_status("two blanks", "HTTP/1.1  200 OK"),
          bad_status("a tab", "HTTP/1.1\t200 OK"),
          bad_status("a blank before it", " HTTP/1.1 200 OK"),
          bad_status("an empty line before it", "\r\nHTTP/1.1 200 OK"),
          bad_status("a NUL in the reason", bytes("HTTP/1.1 200 O\0K")),
          bad_status("a bare carriage return in the reason", "HTTP/1.1 200 O\rK"),
          bad_status("a bare line feed in the reason", "HTTP/1.1 200 OK\nX: evil"),
          bad_field("two lengths that differ", "RFC 9112 §6.3", "Content-Length: 4\r\nContent-Length: 5\r\n"),
          bad_field("two lengths, equal", "RFC 9112 §6.3", "Content-Length: 4\r\nContent-Length: 4\r\n"),
          bad_field("a list of lengths", "RFC 9112 §6.3", "Content-Length: 4, 4\r\n"),
          bad_field("a length with a plus", "RFC 9110 §8.6", "Content-Length: +4\r\n"),
          bad_field("a negative length", "RFC 9110 §8.6", "Content-Length: -4\r\n"),
          bad_field("a length in hex", "RFC 9110 §8.6", "Content-Length: 0x4\r\n"),
          bad_field("a length with a leading nought", "RFC 9110 §8.6", "Content-Length: 04\r\n"),
          bad_field("a length that overflows", "RFC 9110 §8.6", "Content-Length: 18446744073709551620\r\n"),
          bad_field("an empty length", "RFC 9110 §8.6", "Content-Length:\r\n"),
          bad_field("length and chunked", "RFC 9112 §6.1",
                    "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"),
          bad_field("chunked and length", "RFC 9112 §6.1",
                    "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"),
          bad_field("an unknown coding", "RFC 9112 §6.1", "Transfer-Encoding: xchunked\r\n"),
          bad_field("chunked, then gzip", "RFC 9112 §6.1", "Transfer-Encoding: chunked, gzip\r\n"),
          bad_field("chunked twice", "RFC 9112 §6.1",
                    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
          bad("chunked in HTTP/1.0", "RFC 9112 §6.1",
              "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n"),
          bad_field("a NUL in a value", "RFC 9110 §5.5", bytes("Content-Length: 4\r\nX: \0\r\n")),
          bad_field("a NUL in a name", "RFC 9110 §5.1", bytes("Content-Length: 4\r\nX\0: y\r\n")),
          bad_field("a control character in a value", "RFC 9110 §5.5", "Content-Length: 4\r\nX: \x01\r\n"),
          bad_field("a folded line", "RFC 9112 §5.2", "Content-Length: 4\r\nX: y\r\n z\r\n"),
          bad_field("a folded length", "RFC 9112 §5.2", "Content-Length:\r\n 4\r\n"),
          bad_field("a blank before the colon", "RFC 9112 §5.1", "Content-Length : 4\r\n"),
          bad_field("a line without a colon", "RFC 9112 §5", "Content-Length: 4\r\nnonsense\r\n"),
          bad_field("a bare line feed", "RFC 9112 §2.2", "Content-Length: 4\r\nX: y\nZ: 1\r\n"),
          bad_field("a bare carriage return", "RFC 9112 §2.2", "Content-Length: 4\r\nX: y\rz\r\n"),
          bad_field("too many fields", "RFC 9110 §5.4", "Content-Length: 4\r\n" + many_fields()),
          bad_field("a head that is too large", "RFC 9110 §5.4", "X: " + std::string(100'000, 'y') + "\r\n"),
          bad("an unasked 101", "RFC 9110 §7.8",
              "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: evil\r\n\r\nevil"),
          bad("nonsense behind a 103", "RFC 9110 §15.2", "HTTP/1.1 103 Early Hints\r\n\r\nnonsense\r\n\r\n"),
          bad("no answer, and the end", "RFC 9112 §8", "", true),
          bad("half a head, and the end", "RFC 9112 §8", "HTTP/1.1 200 OK\r\nX: evil", true),
          {.name = "no answer, and a reset",
           .source = "RFC 9112 §9.5",
           .client = {say(start("POST") + "Content-Length: 5\r\n\r\nhello")},
           .backend = {whole_request(), reset()},
           .want = {.status = 502}},
      }};
}

}  // namespace berth::test
