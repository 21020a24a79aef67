// A chunked request body: sizes, extensions, data, trailers.
#include "tests/conformance/rows.h"

namespace berth::test {
namespace {

constexpr const char* kSize = "RFC 9112 §7.1";
constexpr const char* kExtension = "RFC 9112 §7.1.1";
constexpr const char* kTrailer = "RFC 9112 §7.1.2";

/// One chunk of five bytes whose size line is this.
Row bad_size(const std::string& name, const std::string& line, const char* source = kSize) {
  return refuse_body("size " + name, source, chunked(line + "\r\nhello\r\n0\r\n\r\n"));
}
Row good_size(const std::string& name, const std::string& line) {
  return pass(name, kSize, chunked(line + "\r\nhello\r\n0\r\n\r\n"),
              {.body = "hello", .only_berth = {"\r\n\r\n" + line + "\r\nhello\r\n0\r\n\r\n"}});
}
Row bad_body(const std::string& name, const char* source, const std::string& body) {
  return refuse_body(name, source, chunked(body));
}
Row bad_trailer(const std::string& name, const std::string& trailer, const char* source = kTrailer) {
  return refuse_body("trailer: " + name, source, chunked("5\r\nhello\r\n0\r\n" + trailer + "\r\n\r\n"));
}
std::string many_trailers() {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "X-" + std::to_string(i) + ": 1\r\n";
  return text + "X: 1";
}

}  // namespace

Group chunk_rows() {
  return {
      "Chunks",
      "What breaks the chunk grammar ends the exchange, and no complete request reaches the backend.",
      {
          good_size("a size", "5"),
          good_size("a size with leading noughts", "0005"),
          good_size("an extension without a value", "5;x"),
          good_size("an extension with a value", "5;x=y"),
          good_size("an extension with a quoted value", "5;x=\"y z; \\\" 0\""),
          good_size("two extensions", "5;x=1;y"),
          pass("sizes in hex of both cases", kSize,
               chunked("a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n"),
               {.body = "01234567890123456789a"}),
          pass("a last chunk of several noughts", kSize, chunked("5\r\nhello\r\n000\r\n\r\n"),
               {.body = "hello"}),
          pass("an empty body", kSize, chunked("0\r\n\r\n"), {.body = ""}),
          pass("trailers", kTrailer, chunked("5\r\nhello\r\n0\r\nX-Sum: 1\r\nX-Other:  2 \r\n\r\n"),
               {.body = "hello", .only_berth = {"\r\n0\r\nX-Sum: 1\r\nX-Other:  2 \r\n\r\n"}}),
          bad_size("with a plus", "+5", "CVE-2022-24761"),
          bad_size("with a minus", "-5"),
          bad_size("with 0x", "0x5", "CVE-2022-24761"),
          bad_size("with 0X", "0X5"),
          bad_size("with a blank before it", " 5"),
          bad_size("with a blank behind it", "5 "),
          bad_size("with a tab behind it", "5\t"),
          bad_size("with an underscore", "0_5"),
          bad_size("that is empty", ""),
          bad_size("of an extension alone", ";x"),
          bad_size("that is no hex", "g"),
          bad_size("with junk behind it", "5g"),
          bad_size("with a comma", "5,5"),
          bad_size("with an h", "5h"),
          bad_size("of a byte above ASCII", "\xb5"),
          bad_size("with a NUL", bytes("5\0")),
          bad_size("of 2^64 + 5", "10000000000000005", "CVE-2015-3183"),
          bad_size("of seventeen digits", "FFFFFFFFFFFFFFFF5"),
          bad_size("of forty leading noughts", std::string(40, '0') + "5"),
          bad_size("of noughts without end", std::string(100'000, '0')),
          bad_body("a size that ends in a bare line feed", kSize, "5\nhello\r\n0\r\n\r\n"),
          bad_body("a size that ends in a bare carriage return", kSize, "5\rhello\r\n0\r\n\r\n"),
          bad_body("a size that ends in two carriage returns", kSize, "5\r\r\nhello\r\n0\r\n\r\n"),
          bad_body("data without its line end", kSize, "5\r\nhello0\r\n\r\n"),
          bad_body("data longer than its size", kSize, "3\r\nhello\r\n0\r\n\r\n"),
          bad_body("data shorter than its size", kSize, "7\r\nhello\r\n0\r\n\r\n"),
          bad_body("data that ends in a bare line feed", kSize, "5\r\nhello\n0\r\n\r\n"),
          bad_body("data that ends in a bare carriage return", kSize, "5\r\nhello\r0\r\n\r\n"),
          bad_body("data behind two other bytes", kSize, "5\r\nhelloXX0\r\n\r\n"),
          bad_body("a second chunk without a size", kSize, "5\r\nhello\r\n\r\nhello\r\n0\r\n\r\n"),
          bad_body("an extension with a bare line feed", "CVE-2025-55315", "5;x\nhello\r\n0\r\n\r\n"),
          bad_body("an extension with a bare line feed within", kExtension, "5;x\ny\r\nhello\r\n0\r\n\r\n"),
          bad_body("an extension with a bare carriage return", kExtension, "5;x\ry\r\nhello\r\n0\r\n\r\n"),
          bad_body("a quoted extension with a line feed", kExtension, "5;x=\"y\nz\"\r\nhello\r\n0\r\n\r\n"),
          bad_body("a quoted extension with a carriage return", kExtension,
                   "5;x=\"y\rz\"\r\nhello\r\n0\r\n\r\n"),
          bad_body("a quoted extension with a line end", kExtension, "5;x=\"y\r\nz\"\r\nhello\r\n0\r\n\r\n"),
          bad_body("an extension with a NUL", kExtension, bytes("5;x=\0\r\nhello\r\n0\r\n\r\n")),
          bad_body("an extension with a DEL", kExtension, "5;x=\"\x7f\"\r\nhello\r\n0\r\n\r\n"),
          bad_body("an extension that is too long", "CVE-2023-39326",
                   "5;x=" + std::string(70'000, 'y') + "\r\nhello\r\n0\r\n\r\n"),
          bad_body("an extension without end", kExtension, "5;x=" + std::string(100'000, 'y')),
          bad_body("a last chunk that ends in a bare line feed", kSize, "5\r\nhello\r\n0\n\r\n"),
          bad_body("a body that ends in a bare line feed", kSize, "5\r\nhello\r\n0\r\n\n"),
          bad_body("a body that ends in a carriage return and junk", kSize, "5\r\nhello\r\n0\r\n\rX"),
          bad_trailer("a bare line feed", "X: y\nZ: 1"),
          bad_trailer("a bare carriage return", "X: y\rZ: 1"),
          bad_trailer("a NUL", bytes("X: \0y")),
          bad_trailer("a blank before the colon", "X : y"),
          bad_trailer("no colon", "X"),
          bad_trailer("a folded line", "X: y\r\n z"),
          bad_trailer("a name with a blank", "X Y: z"),
          bad_trailer("an empty name", ": z"),
          bad_trailer("Content-Length", "Content-Length: 5", "RFC 9110 §6.5.1"),
          bad_trailer("Transfer-Encoding", "Transfer-Encoding: chunked", "RFC 9110 §6.5.1"),
          bad_trailer("Host", "Host: b", "RFC 9110 §6.5.1"),
          bad_trailer("Connection", "Connection: close", "RFC 9110 §6.5.1"),
          bad_trailer("Authorization", "Authorization: Basic eDp5", "RFC 9110 §6.5.1"),
          bad_trailer("what berth tells the backend", "X-Forwarded-For: 6.6.6.6", "RFC 9110 §6.5.1"),
          bad_trailer("the same in underscores", "X_Forwarded_For: 6.6.6.6", "RFC 9110 §6.5.1"),
          bad_trailer("Forwarded", "Forwarded: for=6.6.6.6", "RFC 9110 §6.5.1"),
          bad_trailer("a request's id", "X-Request-Id: mine", "RFC 9110 §6.5.1"),
          bad_trailer("too many", many_trailers()),
          bad_trailer("without end", "X: " + std::string(100'000, 'y')),
      }};
}

}  // namespace berth::test
