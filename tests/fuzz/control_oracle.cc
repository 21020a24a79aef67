#include "tests/fuzz/control_oracle.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/json/parse.hpp>
#include <cerrno>
#include <memory>
#include <utility>

#include "proxy/control/session.h"

namespace berth::fuzz {
namespace {

namespace asio = boost::asio;
namespace bhttp = boost::beast::http;
namespace json = boost::json;
using namespace control;

constexpr const char* kApp = "web";

/// Answers at once, and remembers what was asked that should not have been.
class StrictService final : public Service {
 public:
  std::string wrong;
  int asked = 0;

  void status(std::function<void(FrontStatus)> answer) override {
    ++asked;
    FrontStatus front;
    front.apps.emplace_back().name = kApp;
    answer(std::move(front));
  }
  std::vector<std::string> apps() const override { return {kApp}; }
  std::shared_ptr<void> swap(const std::string& app, SwapRequest request, SwapWatch watch) override {
    known(app);
    judge(request);
    // As a real one: now, or some time later and perhaps never.
    if (asked % 2 == 0) watch.on_result({SwapResult::Kind::Refused, "no", {}});
    return std::make_shared<int>();
  }
  bool cancel(const std::string& app) override { return known(app); }
  void pause(const std::string& app, const PauseRequest& request) override {
    known(app);
    if (request.max.count() <= 0) wrong = "a pause of no time";
  }
  bool resume(const std::string& app) override { return known(app); }
  std::vector<observe::SwapReport> reports(const std::string& app) const override {
    if (app != kApp) const_cast<StrictService*>(this)->wrong = "reports of an app that is not there";
    return std::vector<observe::SwapReport>(1);
  }
  std::vector<LogLine> log_lines(const std::string& app, std::uint64_t after,
                                 std::size_t limit) const override {
    if (app != kApp) const_cast<StrictService*>(this)->wrong = "a log of an app that is not there";
    if (limit > 10'000) const_cast<StrictService*>(this)->wrong = "more lines than there may be at once";
    std::vector<LogLine> lines;
    for (std::uint64_t number = 1; number <= 20; ++number)
      if (number > after) lines.push_back({number, 0, Generation{1}, false, "\x1b[31m\xff\xe2\x80\xae"});
    if (lines.size() > limit) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(limit));
    return lines;
  }
  std::shared_ptr<void> follow_log(const std::string& app, std::function<void(const LogLine&)>) override {
    known(app);
    return std::make_shared<int>();
  }
  std::shared_ptr<void> follow_events(std::function<void(const Event&)> on_event) override {
    ++asked;
    on_event({1, kApp, Event::State{"serving"}});
    return std::make_shared<int>();
  }
  std::vector<observe::ServedCommand> history(const std::string& app) const override {
    if (app != kApp) const_cast<StrictService*>(this)->wrong = "history of an app that is not there";
    return std::vector<observe::ServedCommand>(1);
  }
  void reload(ReloadWatch watch) override {
    ++asked;
    watch.on_change("web: swapped");
    watch.on_result({SwapResult::Kind::Done, "", {}});
  }
  void stop(StopWatch watch) override {
    ++asked;
    watch.on_waiting("web: generation 3 still answers 2 requests");
    watch.on_result({SwapResult::Kind::Done, "", {}});
  }

 private:
  bool known(const std::string& app) {
    ++asked;
    if (app != kApp) wrong = "asked of an app that is not there: " + app;
    return asked % 2 == 0;
  }

  void judge(const SwapRequest& request) {
    const auto nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
    if (std::any_of(request.command.begin(), request.command.end(), nul)) wrong = "a NUL in a command";
    if (!request.command.empty() && request.command.front().empty()) wrong = "a command without a name";
    for (const auto& [name, value] : request.env)
      if (name.empty() || name.find('=') != std::string::npos || nul(name) || nul(value))
        wrong = "a variable that cannot be";
    if (!request.dir.empty() && (!request.dir.starts_with('/') || nul(request.dir)))
      wrong = "a bad directory";
    if (request.to && !request.command.empty()) wrong = "a command and a server";
    if (request.verb == SwapVerbKind::Attach && !request.to) wrong = "an attach of nothing";
    if (request.verb != SwapVerbKind::Swap && !request.command.empty()) wrong = "a command with another verb";
    if (request.released_within.count() < 0) wrong = "a negative time";
  }
};

/// What a client that never waits reads.
std::string taken(int fd) {
  std::string all;
  std::array<char, 65536> piece{};
  for (ssize_t n = 0; (n = ::recv(fd, piece.data(), piece.size(), MSG_DONTWAIT)) > 0;)
    all.append(piece.data(), static_cast<std::size_t>(n));
  return all;
}

std::string wrong_body(const std::string& type, const std::string& body, int status) {
  if (type == "application/x-ndjson") {
    for (std::size_t at = 0; at < body.size();) {
      const auto end = body.find('\n', at);
      if (end == std::string::npos) return "a line without an end";
      json::error_code error;
      json::parse(json::string_view(body.data() + at, end - at), error);
      if (error) return "a line that is no JSON";
      at = end + 1;
    }
    return {};
  }
  if (!type.ends_with("json")) return {};  // metrics
  json::error_code error;
  const json::value value = json::parse(body, error);
  if (error || !value.is_object()) return "a body that is no object";
  if (status < 400) return {};
  const json::value* detail = value.get_object().if_contains("detail");
  const bool told = detail != nullptr && detail->is_string() && !detail->get_string().empty();
  return told ? "" : "a refusal without a reason";
}

/// Reads the answers one after the other; the last may be a stream that has not ended. `heads`: some may
/// answer HEAD, and have no body though they say how long it would be (RFC 9110 §9.3.2).
std::string wrong_answers(std::string_view all, bool heads) {
  if (all.empty()) return {};
  std::string wrong;
  for (const bool to_head : {false, true}) {
    if (to_head && !heads) break;
    bhttp::response_parser<bhttp::string_body> parser;
    parser.eager(true);
    parser.body_limit(boost::none);
    parser.skip(to_head);
    boost::system::error_code error;
    std::size_t at = 0;
    while (!parser.is_done() && !error && at < all.size())
      at += parser.put(asio::buffer(all.data() + at, all.size() - at), error);
    const bool needs_more = error == bhttp::error::need_more;
    const int status = parser.is_header_done() ? static_cast<int>(parser.get().result_int()) : 0;
    const bool stream = parser.is_header_done() && (parser.chunked() || !parser.content_length());
    if (error && !needs_more) {
      wrong = "an answer that is no HTTP: " + error.message();
    } else if (status == 0) {
      wrong = "half a head";
    } else if (status != 200 && (status < 400 || status > 503)) {
      wrong = "a strange status";
    } else if (!parser.is_done() && !stream) {
      wrong = "a body that is cut";
    } else {
      const auto type = parser.get()[bhttp::field::content_type];
      wrong = to_head ? "" : wrong_body({type.data(), type.size()}, parser.get().body(), status);
      if (wrong.empty() && !needs_more) wrong = wrong_answers(all.substr(at), heads);
    }
    if (wrong.empty()) return {};
  }
  return wrong;
}

}  // namespace

Verdict try_control(std::string_view bytes) {
  if (bytes.size() < 2) return {};
  const std::size_t first = static_cast<unsigned char>(bytes[0]);
  const std::size_t rest = std::max<std::size_t>(static_cast<unsigned char>(bytes[1]), 1);
  bytes.remove_prefix(2);
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) return {};
  asio::io_context loop{1};
  StrictService service;
  const auto streams = std::make_shared<Streams>();
  Verdict verdict;
  std::weak_ptr<Session> watched;
  bool over = false;
  {
    Session::Socket socket(loop, asio::local::stream_protocol(), ends[0]);
    auto session = std::make_shared<Session>(std::move(socket), service,
                                             ServerSettings{.max_head = 1024, .max_body = 1024}, streams);
    watched = session;
    asio::co_spawn(loop, Session::serve(std::move(session)),
                   [&over, &verdict](const std::exception_ptr& thrown) {
                     over = true;
                     if (thrown) verdict.wrong = "the session ended by an exception";
                   });
  }
  std::string answers;
  for (std::size_t at = 0; at < bytes.size() && !over;) {
    const std::size_t size = std::min(at == 0 && first != 0 ? first : rest * 8, bytes.size() - at);
    const ssize_t n = ::send(ends[1], bytes.data() + at, size, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) break;
    at += n > 0 ? static_cast<std::size_t>(n) : 0;
    loop.poll();
    answers += taken(ends[1]);
  }
  ::shutdown(ends[1], SHUT_WR);
  for (std::size_t before = answers.size() + 1; before != answers.size();) {
    before = answers.size();
    loop.poll();
    answers += taken(ends[1]);
  }
  ::close(ends[1]);
  // Who waits for a swap is seen to have gone by the hang-up alone.
  for (int round = 0; round < 8 && !over; ++round) loop.poll();
  verdict.passed_on = service.asked != 0;
  if (verdict.wrong.empty()) verdict.wrong = service.wrong;
  if (verdict.wrong.empty())
    verdict.wrong = wrong_answers(answers, bytes.find("HEAD") != std::string_view::npos);
  if (verdict.wrong.empty() && !over) verdict.wrong = "the session goes on without its client";
  if (verdict.wrong.empty() && (streams->all != 0 || streams->followers != 0))
    verdict.wrong = "a place among the streams is not given back";
  if (const auto session = watched.lock()) session->abandon();
  loop.poll();
  return verdict;
}

const std::vector<std::string>& control_seeds() {
  static const auto post = [](const std::string& path, const std::string& body) {
    return "POST " + path + " HTTP/1.1\r\nHost: berth\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  };
  static const auto get = [](const std::string& path) {
    return "GET " + path + " HTTP/1.1\r\nHost: berth\r\n\r\n";
  };
  static const std::vector<std::string> kSeeds{
      get("/v1/status"),
      get("/v1/apps/web") + get("/v1/apps/web/report") + get("/v1/apps/web/reports"),
      get("/v1/apps/other") + get("/nowhere") + get("/v1/apps//logs"),
      get("/metrics"),
      get("/v1/events"),
      get("/v1/apps/web/logs"),
      get("/v1/apps/web/logs?follow=0&after=3&limit=10000"),
      get("/v1/apps/web/logs?follow=1&limit=2"),
      "HEAD /v1/status HTTP/1.1\r\n\r\n",
      "GET /v1/status HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
      "POST /v1/apps/web/restart HTTP/1.0\r\n\r\n",
      post("/v1/apps/web/swap", ""),
      post(
          "/v1/apps/web/swap",
          R"({"command":["x","--port","{port}"],"dir":"/srv","env":{"A":"1"},"queue":false,"wait":"switch"})"),
      post("/v1/apps/web/swap", R"({"to":"127.0.0.1:9000","released_within":"20s"})"),
      post("/v1/apps/web/restart", R"({"env":{"A":"\u0000"}})"),
      post("/v1/apps/web/attach", R"({"to":"unix:/run/x.sock"})"),
      post("/v1/apps/web/detach", R"({"only":"9000"})"),
      post("/v1/apps/web/rollback", "{}"),
      post("/v1/apps/web/pause", R"({"message":"back at \u202e noon","max":"30s"})"),
      post("/v1/apps/web/resume", "") + post("/v1/apps/web/cancel", ""),
      post("/v1/reload", "") + get("/v1/status"),
      post("/v1/stop", ""),
      post("/v1/apps/web/swap", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1e999"),
      std::string("POST /v1/apps/web/swap HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n") +
          "5;e=\"a\"\r\n{\"que\r\n10\r\nue\":true}      \r\n0\r\nX-T: 1\r\n\r\n",
      "POST /v1/apps/web/pause HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
      "POST /v1/stop HTTP/1.1\r\nContent-Length: 2000\r\n\r\n",
      "GET /v1/status HTTP/1.1\r\nX: " + std::string(1100, 'x') + "\r\n\r\n",
      "NONSENSE\r\n\r\n",
  };
  return kSeeds;
}

}  // namespace berth::fuzz
