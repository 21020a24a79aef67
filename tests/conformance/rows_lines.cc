// The lines of a head: what separates them, and what may stand in them.
#include "tests/conformance/rows.h"

namespace berth::test {
namespace {

constexpr const char* kLines = "RFC 9112 §2.2";
constexpr const char* kFields = "RFC 9112 §5";

Row bad_line(const std::string& name, const char* source, const std::string& line) {
  return refuse(name, source, start() + line + "\r\n\r\n");
}
Row bad_start(const std::string& name, const std::string& line, int status = 400,
              const char* source = "RFC 9112 §3") {
  return refuse(name, source, line + "\r\nHost: a\r\n\r\n", status);
}
Row good_method(const std::string& method) {
  return pass("the method " + method, "RFC 9110 §9.1", start(method) + "Content-Length: 0\r\n\r\n",
              {.passed = {method + " /here HTTP/1.1\r\n"}});
}

std::string many_fields() {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "X-" + std::to_string(i) + ": 1\r\n";
  return text;
}

}  // namespace

Group line_rows() {
  const std::string fields =
      "X-B: 2\r\nx-a:1\r\nX-B:   3\t\r\nX-Empty:\r\nX-Text: caf\xe9 \xe2\x98\x83\tz\r\n";
  return {
      "Field lines",
      "Names are tokens, values hold no control character, lines end in CRLF; what is right passes byte for "
      "byte.",
      {
          pass("fields in their order, as they are", "RFC 9110 §5.3", start() + fields + "\r\n",
               {.only_berth = {"GET /here HTTP/1.1\r\nHost: a\r\n" + fields}}),
          pass("a name of all letters that a token has", "RFC 9110 §5.6.2",
               start() + "!#$%&'*+-.^_`|~09Az: 1\r\n\r\n", {.only_berth = {"!#$%&'*+-.^_`|~09Az: 1\r\n"}}),
          refuse("line ends that are bare line feeds", kLines, "GET /here HTTP/1.1\nHost: a\n\n"),
          refuse("a field that ends in a bare line feed", kLines, start() + "X: y\n\r\n"),
          refuse("a head that ends in a bare line feed", kLines, start() + "X: y\r\n\n"),
          bad_line("a bare line feed in a value", kLines, "X: y\nZ: 1"),
          bad_line("a bare carriage return in a value", kLines, "X: y\rz"),
          bad_line("a bare carriage return before a line end", kLines, "X: y\r"),
          bad_line("a bare carriage return in a name", kLines, "X\rY: z"),
          refuse("a bare carriage return as a line end", kLines, "GET /here HTTP/1.1\rHost: a\r\n\r\n"),
          bad_line("a NUL in a value", "RFC 9110 §5.5", bytes("X: a\0b")),
          bad_line("a NUL in a name", "RFC 9110 §5.1", bytes("X\0Y: a")),
          bad_line("a control character in a value", "RFC 9110 §5.5",
                   "X: a\x01"
                   "b"),
          bad_line("a DEL in a value", "RFC 9110 §5.5",
                   "X: a\x7f"
                   "b"),
          bad_line("a vertical tab in a value", "RFC 9110 §5.5", "X: a\vb"),
          bad_line("a blank before the colon", "RFC 9112 §5.1", "X : y"),
          bad_line("a tab before the colon", "RFC 9112 §5.1", "X\t: y"),
          bad_line("a folded line, with a blank", "RFC 9112 §5.2", "X: y\r\n z"),
          bad_line("a folded line, with a tab", "RFC 9112 §5.2", "X: y\r\n\tz"),
          bad_line("a folded line without a value before it", "RFC 9112 §5.2", "X:\r\n z"),
          bad_line("a folded line of blanks alone", "RFC 9112 §5.2", "X: y\r\n \r\nZ: 1"),
          refuse("a blank before the first field", kLines, "GET /here HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n"),
          bad_line("a line without a colon", kFields, "nonsense"),
          bad_line("an empty name", "CVE-2023-25725", ": y"),
          bad_line("a name with a blank", kFields, "X Y: z"),
          bad_line("a name with a bracket", kFields, "X(Y): z"),
          bad_line("a name with a quote", kFields, "\"X\": z"),
          bad_line("a name above ASCII", kFields, "X\xc3\xa9: z"),
          refuse("too many fields", "RFC 6585 §5", start() + many_fields() + "\r\n", 431),
          refuse("a head that is too large", "RFC 6585 §5",
                 start() + "X: " + std::string(80'000, 'a') + "\r\n\r\n", 431),
          refuse("a head without end", "RFC 6585 §5", start() + "X: " + std::string(200'000, 'a'), 431),
      }};
}

Group start_line_rows() {
  return {
      "The request line",
      "A token, a target, a version of HTTP/1, one blank between them.",
      {
          good_method("PATCH"),
          good_method("M-SEARCH"),
          good_method("get"),
          good_method("!#$%&'*+-.^_`|~09Az"),
          pass("one empty line before the request", "RFC 9112 §2.2", "\r\n" + start() + "\r\n"),
          pass("HTTP/1.0", "RFC 9112 §2.3", "GET /here HTTP/1.0\r\nHost: a\r\n\r\n",
               {.ends = Ends::Closed, .passed = {"GET /here HTTP/1."}}),
          bad_start("two empty lines before the request", "\r\n\r\nGET /here HTTP/1.1", 400, "RFC 9112 §2.2"),
          bad_start("a bare line feed before the request", "\nGET /here HTTP/1.1", 400, "RFC 9112 §2.2"),
          {.name = "empty lines without end",
           .source = "RFC 9112 §2.2",
           .client = {say([] {
             std::string text;
             for (int i = 0; i < 5'000; ++i) text += "\r\n";
             return text + kSmuggled;
           }())},
           .want = refused()},
          bad_start("a blank before the method", " GET /here HTTP/1.1"),
          bad_start("two blanks behind the method", "GET  /here HTTP/1.1"),
          bad_start("two blanks before the version", "GET /here  HTTP/1.1"),
          bad_start("a tab behind the method", "GET\t/here HTTP/1.1"),
          bad_start("a tab before the version", "GET /here\tHTTP/1.1"),
          bad_start("a blank behind the version", "GET /here HTTP/1.1 "),
          bad_start("a blank in the target", "GET /he re HTTP/1.1"),
          bad_start("no method", " /here HTTP/1.1"),
          bad_start("a method with a bracket", "G(T /here HTTP/1.1", 400, "RFC 9110 §9.1"),
          bad_start("a method with a colon", "GET: /here HTTP/1.1", 400, "RFC 9110 §9.1"),
          bad_start("a method above ASCII", "G\xc3\x89T /here HTTP/1.1", 400, "RFC 9110 §9.1"),
          bad_start("a NUL in the method", bytes("G\0T /here HTTP/1.1"), 400, "RFC 9110 §9.1"),
          bad_start("no target", "GET HTTP/1.1"),
          refuse("HTTP/0.9", "RFC 9112 §2.3", "GET /here\r\n\r\n"),
          bad_start("HTTP/0.9 by name", "GET /here HTTP/0.9", 505, "RFC 9110 §15.6.6"),
          bad_start("HTTP/1.2", "GET /here HTTP/1.2", 505, "RFC 9110 §15.6.6"),
          bad_start("HTTP/2.0", "GET /here HTTP/2.0", 505, "RFC 9110 §15.6.6"),
          refuse("the start of HTTP/2", "RFC 9113 §3.4", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
          bad_start("HTTP/1.10", "GET /here HTTP/1.10", 400, "RFC 9112 §2.3"),
          bad_start("HTTP/01.1", "GET /here HTTP/01.1", 505, "RFC 9112 §2.3"),
          bad_start("HTTP/1", "GET /here HTTP/1", 400, "RFC 9112 §2.3"),
          bad_start("HTTP/1.", "GET /here HTTP/1.", 400, "RFC 9112 §2.3"),
          bad_start("HTTP/1,1", "GET /here HTTP/1,1", 400, "RFC 9112 §2.3"),
          bad_start("HTTP/+1.1", "GET /here HTTP/+1.1", 400, "RFC 9112 §2.3"),
          bad_start("http/1.1", "GET /here http/1.1", 400, "RFC 9112 §2.3"),
          bad_start("HTTP 1.1", "GET /here HTTP 1.1", 400, "RFC 9112 §2.3"),
          bad_start("another protocol's name", "GET /here HTTQ/1.1", 400, "RFC 9112 §2.3"),
          refuse("a TLS handshake", "RFC 9112 §3", bytes("\x16\x03\x01\x00\x05hello\r\n\r\n")),
          refuse("a target that is too long", "RFC 9110 §15.5.15",
                 "GET /" + std::string(80'000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414),
          refuse("a target without end", "RFC 9110 §15.5.15", "GET /" + std::string(200'000, 'a'), 414),
      }};
}

}  // namespace berth::test
