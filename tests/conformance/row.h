// One case of the conformance tables as data: what the client says, what the backend says, and what has to
// come of it on both sides. Knows no socket and no proxy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace berth::test {

/// What one side does, one after the other.
struct Step {
  enum class Do : std::uint8_t {
    Say,      ///< sends the text
    Hear,     ///< waits until the text has come, behind what was heard before
    Request,  ///< the backend: waits for the next whole request
    Backend,  ///< the client: waits until the backend has done all of its steps
    Finish,   ///< sends no more, and reads on
    Reset,    ///< cuts the connection off
    End,      ///< the backend: waits until the proxy has closed the connection
  };
  Do what = Do::Say;
  std::string text{};
};
using Steps = std::vector<Step>;

inline Step say(std::string text) { return {Step::Do::Say, std::move(text)}; }
inline Step hear(std::string text) { return {Step::Do::Hear, std::move(text)}; }
inline Step whole_request() { return {Step::Do::Request, {}}; }
inline Step backend_done() { return {Step::Do::Backend, {}}; }
inline Step finish() { return {Step::Do::Finish, {}}; }
inline Step hear_end() { return {Step::Do::End, {}}; }
inline Step reset() { return {Step::Do::Reset, {}}; }

/// What became of the client's connection.
enum class Ends : std::uint8_t {
  Open,    ///< it carried another request, rightly answered
  Closed,  ///< in order, behind everything
  CutOff,  ///< within an answer, or without one
  Hangs,   ///< none of these in time
  Any,     ///< not asked for
};

/// What has come to the backend in all.
enum class Reaches : std::uint8_t {
  Nothing,
  Part,   ///< no whole request, and nothing from the fault on
  Whole,  ///< `requests` whole ones, and nothing else
  Any,    ///< not asked for
};

/// What a row wants. Texts are looked for byte for byte.
struct Want {
  int status = 200;  ///< of the first final answer; 0: none comes
  Ends ends = Ends::Open;
  Reaches reaches = Reaches::Whole;
  unsigned requests = 1;
  std::optional<std::string> body{};      ///< of the first request at the backend, without its framing
  std::optional<std::string> answer{};    ///< body of the first final answer, without its framing
  std::vector<std::string> passed{};      ///< is in what came to the backend
  std::vector<std::string> removed{};     ///< is not, in any case of letters
  std::vector<std::string> answered{};    ///< is in what came to the client
  std::vector<std::string> withheld{};    ///< is not, in any case of letters
  std::vector<std::string> only_berth{};  ///< as `passed`, but of berth's own way of doing it
};

/// How the client's bytes are cut.
enum class Manner : std::uint8_t { Whole, Bytewise };

struct Row {
  std::string name;
  std::string source;  ///< "RFC 9112 §6.3", "CVE-2019-18277"
  Steps client;
  Steps backend{};  ///< of the first connection with a request; behind it, and on others, kOk
  Want want{};
  bool to_head = false;  ///< the first request is a HEAD
  bool in_body = false;  ///< refused for what stands behind its head, which may have been passed on by then
};

/// The rows of one theme.
struct Group {
  std::string name;
  std::string about;  ///< one sentence for docs/
  std::vector<Row> rows;
};

/// What the backend says where a row does not tell.
inline const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
/// What stands behind everything that is to be refused. It must never arrive.
inline const std::string kSmuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

/// A start line and Host, to which fields are added: "POST /here HTTP/1.1\r\nHost: a\r\n".
inline std::string start(const std::string& method = "GET") {
  return method + " /here HTTP/1.1\r\nHost: a\r\n";
}
/// A whole chunked request.
inline std::string chunked(const std::string& body) {
  return start("POST") + "Transfer-Encoding: chunked\r\n\r\n" + body;
}

inline Want refused(int status = 400) {
  return {.status = status, .ends = Ends::Closed, .reaches = Reaches::Nothing, .requests = 0};
}
/// A request that is refused, with another one behind it.
inline Row refuse(std::string name, std::string source, std::string bytes, int status = 400) {
  return {.name = std::move(name),
          .source = std::move(source),
          .client = {say(std::move(bytes) + kSmuggled)},
          .want = refused(status)};
}
/// A body that is refused.
inline Row refuse_body(std::string name, std::string source, std::string bytes) {
  Row row = refuse(std::move(name), std::move(source), std::move(bytes));
  row.in_body = true;
  return row;
}
/// A request that is passed on.
inline Row pass(std::string name, std::string source, std::string bytes, Want want = {}) {
  return {.name = std::move(name),
          .source = std::move(source),
          .client = {say(std::move(bytes))},
          .want = std::move(want)};
}
/// What the client makes of an answer to a GET.
inline Row answer(std::string name, std::string source, Steps backend, Want want) {
  backend.insert(backend.begin(), whole_request());
  return {.name = std::move(name),
          .source = std::move(source),
          .client = {say(start() + "\r\n")},
          .backend = std::move(backend),
          .want = std::move(want)};
}

/// A text with NULs in it.
template <std::size_t N>
std::string bytes(const char (&text)[N]) {
  return {text, N - 1};
}

}  // namespace berth::test
