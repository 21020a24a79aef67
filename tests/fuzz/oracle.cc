#include "tests/fuzz/oracle.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "tests/fuzz/memory_front.h"
#include "tests/fuzz/strict_reader.h"

namespace berth::fuzz {
namespace {

using End = http::Exchange::End;
using State = Message::State;

/// Fields that belong to one hop, or that berth writes itself.
bool is_ordinary(const std::string& name) {
  static const std::set<std::string> kOthers{"connection", "keep-alive",     "proxy-connection",
                                             "te",         "trailer",        "transfer-encoding",
                                             "upgrade",    "expect",         "host",
                                             "via",        "server",         "x-request-id",
                                             "x-real-ip",  "content-length", "forwarded",
                                             "date"};
  // A server that speaks CGI or WSGI takes more than a hyphen for one: berth does not pass those names on.
  std::string plain = name;
  const auto stands_for_hyphen = [](unsigned char c) { return std::isalnum(c) == 0; };
  if (plain.starts_with('x')) std::replace_if(plain.begin(), plain.end(), stands_for_hyphen, '-');
  return !kOthers.contains(plain) && !plain.starts_with("x-forwarded-");
}

/// What Connection names in any of its fields.
std::set<std::string> nominated(const Fields& fields) {
  std::set<std::string> names;
  for (const std::string& value : values_of(fields, "connection")) {
    std::string name;
    for (const char c : value + ",") {
      if (c == ',')
        names.insert(lowered(std::exchange(name, {})));
      else if (c != ' ' && c != '\t')
        name += c;
    }
  }
  return names;
}

Fields ordinary(const Fields& fields, const std::set<std::string>& dropped) {
  Fields all;
  for (const auto& field : fields)
    if (is_ordinary(field.first) && !dropped.contains(field.first)) all.push_back(field);
  return all;
}

std::string difference(const Message& meant, const Message& seen) {
  // berth's own Connection may name what is none of its options: "close" as a field's name.
  const std::set<std::string> dropped = nominated(meant.fields);
  if (ordinary(meant.fields, dropped) != ordinary(seen.fields, dropped)) return "the fields differ";
  if (meant.body.compare(0, seen.body.size(), seen.body) != 0) return "the body differs";
  if (seen.state == State::Whole && meant.body != seen.body) return "the body is shorter, and looks whole";
  if (seen.state == State::Whole && meant.state != State::Whole) return "what was cut off looks whole";
  return {};
}

Pieces pieces_of(std::string_view& bytes) {
  if (bytes.size() < 2) return {};
  const auto first = static_cast<unsigned char>(bytes[0]);
  const auto second = static_cast<unsigned char>(bytes[1]);
  bytes.remove_prefix(2);
  Pieces pieces;
  pieces.with_head = first;
  if (second % 4 != 0) pieces.read = second;
  return pieces;
}

/// The path and query of what was sent, as origin-form has it; empty: in another form.
std::string origin_form(const std::string& target) { return target.starts_with('/') ? target : ""; }

}  // namespace

Verdict try_request(std::string_view bytes) {
  Verdict verdict;
  MemoryFront front(pieces_of(bytes));
  front.serve(bytes);
  // The requests as they were meant, in order.
  std::vector<Message> meant;
  for (std::string_view rest = bytes; !rest.empty();) {
    if (rest.starts_with("\r\n")) rest.remove_prefix(2);
    meant.push_back(strict_request(rest));
    if (meant.back().state != State::Whole) break;
    rest.remove_prefix(meant.back().size);
  }
  std::size_t next = 0;
  for (const std::string& sent : front.sent()) {
    for (std::string_view rest = sent; !rest.empty();) {
      const Message seen = strict_request(rest);
      if (seen.state == State::Malformed) {
        verdict.wrong = "a backend was sent what is malformed";
        return verdict;
      }
      if (!seen.has_head) break;
      // One that was tried again comes twice.
      if (next == meant.size() || !meant[next].has_head) {
        verdict.wrong = "a backend was sent a request that nobody made";
        return verdict;
      }
      const Message& own = meant[next++];
      verdict.wrong = difference(own, seen);
      if (verdict.wrong.empty() && own.method != seen.method) verdict.wrong = "the method differs";
      const std::string path = origin_form(own.target);
      if (verdict.wrong.empty() && !path.empty() && path != seen.target) verdict.wrong = "the target differs";
      if (!verdict.wrong.empty()) return verdict;
      if (seen.state != State::Whole) break;
      verdict.passed_on = true;
      rest.remove_prefix(seen.size);
    }
  }
  return verdict;
}

Verdict try_response(std::string_view bytes) {
  Verdict verdict;
  if (bytes.size() < 2) return verdict;
  const unsigned kind = static_cast<unsigned char>(bytes[0]) % 4;
  const bool to_head = kind == 1;
  const std::string request = std::string(to_head ? "HEAD" : "GET") + " / HTTP/1." + (kind == 2 ? "0" : "1") +
                              "\r\nHost: a\r\n" + (kind == 3 ? "Connection: close\r\n" : "") + "\r\n";
  MemoryFront front(pieces_of(bytes));
  front.raw = true;
  front.answer = bytes;
  front.serve(request);
  const auto final_of = [&](std::string_view rest, bool ended) {
    Message message = strict_response(rest, to_head, ended);
    while (message.state == State::Whole && message.status < 200 && message.status != 101) {
      rest.remove_prefix(message.size);
      message = strict_response(rest, to_head, ended);
    }
    return message;
  };
  const bool orderly = front.end() && *front.end() != End::Reset;
  const Message meant = final_of(bytes, true);
  const Message told = final_of(front.told(), orderly);
  if (!front.end()) {
    verdict.wrong = "the exchange did not end";
    return verdict;
  }
  if (told.state == State::Malformed) {
    verdict.wrong = "the client was told what is malformed";
    return verdict;
  }
  const auto server = values_of(told.fields, "server");
  const bool own = told.status == 502 && server == std::vector<std::string>{"berth"};
  if (!told.has_head || own) return verdict;
  if (!meant.has_head) {
    verdict.wrong = "the client was told a response that nobody gave";
    return verdict;
  }
  if (meant.status != told.status) verdict.wrong = "the status differs";
  if (verdict.wrong.empty()) verdict.wrong = difference(meant, told);
  verdict.passed_on = told.state == State::Whole;
  return verdict;
}

}  // namespace berth::fuzz
