// Where a request goes: Host and the four forms of a target.
#include "tests/conformance/rows.h"

namespace berth::test {
namespace {

Row bad_host(const std::string& name, const std::string& value, const char* source = "RFC 9112 §3.2") {
  return refuse("Host: " + name, source, "GET /here HTTP/1.1\r\nHost: " + value + "\r\n\r\n");
}
Row good_host(const std::string& value) {
  return pass("Host: " + value, "RFC 9110 §7.2", "GET /here HTTP/1.1\r\nHost: " + value + "\r\n\r\n",
              {.passed = {"Host: " + value + "\r\n"}});
}
Row bad_target(const std::string& name, const std::string& target, const char* source = "RFC 9112 §3.2",
               int status = 400, const std::string& method = "GET") {
  return refuse("target: " + name, source, method + " " + target + " HTTP/1.1\r\nHost: a\r\n\r\n", status);
}
Row good_target(const std::string& target) {
  return pass("target " + target, "RFC 9112 §3.2.1", "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n",
              {.passed = {"GET " + target + " HTTP/1."}});
}
Row absolute(const std::string& name, const std::string& method, const std::string& target,
             const std::string& sent, const std::string& host) {
  return pass(
      name, "RFC 9112 §3.2.2", method + " " + target + " HTTP/1.1\r\nHost: other.test\r\n\r\n",
      {.passed = {method + " " + sent + " HTTP/1.", "Host: " + host + "\r\n"}, .removed = {"other.test"}});
}

}  // namespace

Group host_rows() {
  return {
      "Host",
      "Exactly one, with a name or an address and at most a port.",
      {
          good_host("example.test"),
          good_host("example.test:8080"),
          good_host("EXAMPLE.test."),
          good_host("127.0.0.1:1"),
          good_host("[::1]:80"),
          good_host("xn--caf-dma.test"),
          pass("HTTP/1.0 without Host", "RFC 9112 §3.2", "GET /here HTTP/1.0\r\n\r\n",
               {.ends = Ends::Closed}),
          refuse("no Host", "RFC 9112 §3.2", "GET /here HTTP/1.1\r\n\r\n"),
          refuse("no Host, with an absolute target", "RFC 9112 §3.2", "GET http://a/here HTTP/1.1\r\n\r\n"),
          refuse("two Hosts that differ", "RFC 9112 §3.2",
                 "GET /here HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
          refuse("two Hosts, equal", "RFC 9112 §3.2", "GET /here HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
          refuse("two Hosts in HTTP/1.0", "RFC 9112 §3.2",
                 "GET /here HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
          refuse("Host with a blank before the colon", "RFC 9112 §5.1",
                 "GET /here HTTP/1.1\r\nHost : a\r\nHost: b\r\n\r\n"),
          bad_host("with a user", "user@a", "RFC 9110 §4.2.4"),
          bad_host("with a user and a password", "user:pass@a", "RFC 9110 §4.2.4"),
          bad_host("with a port in letters", "a:http"),
          bad_host("with a port above 65535", "a:65536"),
          bad_host("with a port that overflows", "a:4294967376"),
          bad_host("with a negative port", "a:-1"),
          bad_host("with two ports", "a:80:81"),
          bad_host("with a port alone", ":80"),
          bad_host("with a blank", "a b"),
          bad_host("with a list", "a, b"),
          bad_host("with a path", "a/b"),
          bad_host("with a query", "a?b"),
          bad_host("with a fragment", "a#b"),
          bad_host("with a backslash", "a\\b"),
          bad_host("with a scheme", "http://a"),
          bad_host("with a tag", "<a>"),
          bad_host("with quotes", "\"a\""),
          bad_host("above ASCII", "caf\xc3\xa9.test"),
          bad_host("with half an escape", "a%4"),
          bad_host("with an escape that is no hex", "a%zz"),
          bad_host("an open bracket", "[::1"),
          bad_host("an address without brackets", "::1"),
          bad_host("junk behind an address", "[::1]x"),
          bad_host("empty brackets", "[]"),
          bad_host("a name in brackets", "[abc]"),
          bad_host("an address with nine groups", "[1:2:3:4:5:6:7:8:9]"),
      }};
}

Group target_rows() {
  return {
      "The target",
      "Passed on byte for byte; the absolute form overrides Host; no CONNECT, and `*` for OPTIONS alone.",
      {
          good_target("/"),
          good_target("//here//"),
          good_target("/a/../b/./c"),
          good_target("/%2e%2e/%2F%00?x=%20&y=+"),
          good_target("/a;b=c,d@e:f!$&'()*+=~"),
          good_target("/?"),
          good_target("/?q=/path?and=more"),
          absolute("absolute form", "GET", "http://new.test/here?x=1", "/here?x=1", "new.test"),
          absolute("absolute form with a port", "GET", "http://new.test:81/here", "/here", "new.test:81"),
          absolute("absolute form in odd letters", "GET", "hTTp://new.test/here", "/here", "new.test"),
          absolute("absolute form without a path", "GET", "http://new.test", "/", "new.test"),
          absolute("absolute form with a query alone", "GET", "http://new.test?x", "/?x", "new.test"),
          absolute("absolute form of OPTIONS without a path", "OPTIONS", "http://new.test", "*", "new.test"),
          pass("OPTIONS *", "RFC 9112 §3.2.4", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
               {.passed = {"OPTIONS * HTTP/1."}}),
          bad_target("* for GET", "*", "RFC 9112 §3.2.4"),
          bad_target("* and more", "*x", "RFC 9112 §3.2.4", 400, "OPTIONS"),
          bad_target("CONNECT", "a:443", "RFC 9110 §9.3.6", 501, "CONNECT"),
          bad_target("CONNECT to a path", "/here", "RFC 9110 §9.3.6", 501, "CONNECT"),
          bad_target("the authority form for GET", "a:443"),
          bad_target("without a slash", "here"),
          bad_target("with a fragment", "/here#there"),
          bad_target("with a quote", "/he\"re"),
          bad_target("with a control character", "/he\x01re"),
          bad_target("with a DEL", "/he\x7fre"),
          bad_target("with a NUL", bytes("/he\0re")),
          bad_target("above ASCII", "/caf\xc3\xa9"),
          bad_target("with a carriage return", "/he\rre"),
          bad_target("with a line feed", "/he\nre"),
          bad_target("absolute with a user", "http://user@a/here", "RFC 9110 §4.2.4"),
          bad_target("absolute with a bad port", "http://a:x/here"),
          bad_target("absolute without a host", "http:///here"),
          bad_target("absolute with a port alone", "http://:80/here"),
          bad_target("absolute of another scheme", "ftp://a/here"),
          bad_target("absolute with one slash", "http:/a/here"),
          bad_target("absolute with a backslash", "http:\\\\a\\here"),
      }};
}

}  // namespace berth::test
