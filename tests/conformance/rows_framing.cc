// How the end of a request is known: Content-Length and Transfer-Encoding.
#include "tests/conformance/rows.h"

namespace berth::test {
namespace {

std::string with_length(const std::string& value) {
  return start("POST") + "Content-Length:" + value + "\r\n\r\nhello";
}

Row bad_length(const std::string& name, const std::string& value,
               const std::string& source = "RFC 9112 §6.3") {
  return refuse("length " + name, source, with_length(" " + value));
}

Row good_length(const std::string& name, const std::string& field) {
  return pass(name, "RFC 9112 §5.1", start("POST") + field + "\r\n\r\nhello", {.body = "hello"});
}

std::string with_coding(const std::string& value) {
  return start("POST") + "Transfer-Encoding:" + value + "\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
}

Row bad_coding(const std::string& name, const std::string& value, int status = 400,
               const std::string& source = "RFC 9112 §6.1") {
  return refuse("coding " + name, source, with_coding(value), status);
}

Row good_coding(const std::string& name, const std::string& field) {
  return pass(name, "RFC 9112 §5.1", start("POST") + field + "\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
              {.body = "hello"});
}

}  // namespace

Group length_rows() {
  const std::string one = start("POST") + "Content-Length: 5\r\n";
  return {
      "Content-Length",
      "One number of digits, or the request is refused and its connection closed.",
      {
          good_length("a plain length", "Content-Length: 5"),
          good_length("a length without the blank", "Content-Length:5"),
          good_length("a length among blanks", "Content-Length: \t 5 \t"),
          good_length("a length in odd letters", "cOnTeNt-lEnGtH: 5"),
          refuse("two lengths, equal", "RFC 9112 §6.3", one + "Content-Length: 5\r\n\r\nhello"),
          refuse("two lengths that differ", "RFC 9112 §6.3", one + "Content-Length: 6\r\n\r\nhello"),
          refuse("two lengths, the second nought", "RFC 9112 §6.3", one + "Content-Length: 0\r\n\r\nhello"),
          bad_length("list, equal", "5, 5"),
          bad_length("list that differs", "5, 6"),
          bad_length("with a comma behind it", "5,"),
          bad_length("with a comma before it", ",5"),
          bad_length("with a plus", "+5", "CVE-2022-24761"),
          bad_length("with a minus", "-5"),
          bad_length("minus nought", "-0"),
          bad_length("in hex", "0x5", "RFC 9110 §8.6"),
          bad_length("in hex without a sign", "5a", "RFC 9110 §8.6"),
          bad_length("with a leading nought", "05", "RFC 9110 §8.6"),
          bad_length("of noughts", "00", "RFC 9110 §8.6"),
          bad_length("with a blank within", "5 5"),
          bad_length("with a tab within", "5\t5"),
          bad_length("with an underscore", "5_0"),
          bad_length("with an exponent", "5e0"),
          bad_length("with a point", "5.0"),
          bad_length("in a word", "five"),
          bad_length("that is empty", ""),
          bad_length("in quotes", "\"5\""),
          bad_length("with a semicolon", "5;"),
          bad_length("with a vertical tab", "\v5"),
          bad_length("with a form feed", "5\f"),
          bad_length("with a NUL", bytes("5\0")),
          bad_length("in other digits", "\xd9\xa5"),
          bad_length("that overflows 64 bits", "99999999999999999999999"),
          bad_length("of 2^64 + 5", "18446744073709551621"),
          bad_length("of 2^64", "18446744073709551616"),
          bad_length("with noughts without end", std::string(200, '0') + "5"),
          refuse("length with a blank before the colon", "RFC 9112 §5.1, CVE-2019-16276",
                 start("POST") + "Content-Length : 5\r\n\r\nhello"),
          refuse("length on a folded line", "RFC 9112 §5.2",
                 start("POST") + "Content-Length:\r\n 5\r\n\r\nhello"),
          refuse("length and chunked", "RFC 9112 §6.1", one + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
          refuse("chunked and length", "RFC 9112 §6.1",
                 start("POST") + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
          refuse("length nought and chunked", "RFC 9112 §6.1",
                 start("POST") + "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
          refuse("length and an unknown coding", "RFC 9112 §6.1",
                 one + "Transfer-Encoding: xchunked\r\n\r\nhello"),
          refuse("length and an empty coding", "RFC 9112 §6.1", one + "Transfer-Encoding:\r\n\r\nhello"),
      }};
}

Group coding_rows() {
  return {
      "Transfer-Encoding",
      "Exactly one `chunked`, in HTTP/1.1, or the request is refused.",
      {
          good_coding("a plain coding", "Transfer-Encoding: chunked"),
          good_coding("a coding in odd letters", "tRANSFER-eNCODING: cHUNKED"),
          good_coding("a coding among blanks", "Transfer-Encoding:\t chunked \t"),
          bad_coding("xchunked", " xchunked", 501),
          bad_coding("gzip", " gzip", 501),
          bad_coding("identity", " identity", 501),
          bad_coding("that is empty", ""),
          bad_coding("chunked, then gzip", " chunked, gzip"),
          bad_coding("gzip, then chunked", " gzip, chunked", 501),
          bad_coding("chunked twice in a list", " chunked, chunked"),
          bad_coding("chunked, then identity", " chunked, identity", 400, "CVE-2024-1135"),
          bad_coding("chunked with a parameter", " chunked;x=1"),
          bad_coding("with a comma before it", " ,chunked"),
          bad_coding("with a comma behind it", " chunked,"),
          bad_coding("in quotes", " \"chunked\""),
          bad_coding("in single quotes", " 'chunked'", 501),
          bad_coding("with a vertical tab", " \vchunked", 400, "CVE-2019-18277"),
          bad_coding("with a form feed", " chunked\f"),
          bad_coding("with a NUL", bytes(" chunked\0")),
          bad_coding("with a byte above ASCII", " chunked\xff"),
          bad_coding("with a non-breaking space",
                     " \xc2\xa0"
                     "chunked"),
          bad_coding("on a folded line", "\r\n chunked", 400, "RFC 9112 §5.2"),
          bad_coding("behind a bare line feed", "\n chunked"),
          refuse("chunked in two fields", "RFC 9112 §6.1",
                 start("POST") + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
          refuse(
              "chunked, and identity in another field", "RFC 9112 §6.1",
              start("POST") + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"),
          refuse("identity, and chunked in another field", "RFC 9112 §6.1",
                 start("POST") + "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                 501),
          refuse("coding with a blank before the colon", "RFC 9112 §5.1",
                 start("POST") + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
          refuse("coding with a tab before the colon", "RFC 9112 §5.1",
                 start("POST") + "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n"),
          refuse("coding with a NUL in its name", "RFC 9110 §5.1",
                 start("POST") + bytes("Transfer-Encoding\0: chunked\r\n\r\n0\r\n\r\n")),
          refuse("coding behind a bare line feed in a value", "RFC 9112 §2.2",
                 start("POST") + "X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
          refuse("coding behind a bare carriage return in a value", "RFC 9112 §2.2",
                 start("POST") + "X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
          refuse("coding in HTTP/1.0", "RFC 9112 §6.1",
                 "POST /here HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
          refuse("coding and length in HTTP/1.0", "RFC 9112 §6.1",
                 "POST /here HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "0\r\n\r\n"),
      }};
}

}  // namespace berth::test
