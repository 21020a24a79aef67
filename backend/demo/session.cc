#include "backend/demo/session.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <charconv>
#include <string>

#include "backend/demo/page.h"
#include "backend/demo/target.h"

namespace berth::demo {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;
using HeadParser = http::request_parser<http::empty_body>;
using BodyParser = http::request_parser<http::buffer_body>;

constexpr std::uint64_t kMaxBody = std::uint64_t{1} << 40;
constexpr int kCrashExit = 3;

auto result_in(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

/// Where an event stream that comes back goes on.
std::uint64_t last_event_id(const HeadParser& head) {
  const auto text = head.get()["Last-Event-ID"];
  std::uint64_t id = 0;
  std::from_chars(text.data(), text.data() + text.size(), id);
  return id;
}

class HttpSession final : public Session, public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(tcp::socket socket, Facts& facts)
      : socket_(std::move(socket)), timer_(socket_.get_executor()), facts_(facts) {}

  void end_soon() override {
    // Cancels the read of an idle connection and the pause of a stream; a running answer goes on.
    if (idle_) socket_.cancel();
    if (streaming_) timer_.cancel();
    if (tunnel_) socket_.cancel();
  }

  static asio::awaitable<void> run(std::shared_ptr<HttpSession> self) {
    co_await self->serve();
    error_code ignored;
    self->socket_.shutdown(tcp::socket::shutdown_both, ignored);
  }

 private:
  asio::awaitable<void> serve();
  asio::awaitable<bool> answer(HeadParser& head);
  asio::awaitable<bool> send_text(http::status status, std::string_view type, std::string body);
  asio::awaitable<bool> send_events(std::uint64_t last_id);
  asio::awaitable<bool> send_chunks();
  asio::awaitable<bool> send_big();
  asio::awaitable<bool> send_status(std::string_view number);
  asio::awaitable<bool> crash();
  asio::awaitable<bool> echo(HeadParser& head);
  asio::awaitable<bool> discard_body(HeadParser& head);
  asio::awaitable<bool> serve_websocket(HeadParser& head);
  asio::awaitable<bool> send_head(http::response<http::empty_body>& response);
  asio::awaitable<bool> send_chunk(std::string_view data);
  asio::awaitable<bool> send_bytes(std::string_view data);
  asio::awaitable<bool> pause(std::uint64_t ms);
  asio::awaitable<bool> expect_body(const HeadParser& head);
  http::response<http::empty_body> response_head(http::status status, std::string_view type);

  tcp::socket socket_;
  asio::steady_timer timer_;
  Facts& facts_;
  beast::flat_buffer buffer_{64 * 1024};
  // Of the current request.
  http::verb method_ = http::verb::unknown;
  std::string target_;
  unsigned version_ = 11;
  bool keep_alive_ = true;
  bool idle_ = false;
  bool streaming_ = false;
  bool tunnel_ = false;
};

asio::awaitable<void> HttpSession::serve() {
  for (;;) {
    HeadParser head;
    head.header_limit(64 * 1024);
    head.body_limit(kMaxBody);
    error_code error;
    if (facts_.stopping) co_return;
    idle_ = true;
    co_await http::async_read_header(socket_, buffer_, head, result_in(error));
    idle_ = false;
    if (error) co_return;
    method_ = head.get().method();
    target_ = std::string(head.get().target());
    version_ = head.get().version();
    keep_alive_ = head.keep_alive();
    ++facts_.requests;
    bool go_on = false;
    go_on = co_await answer(head);
    if (!go_on || !keep_alive_) co_return;
  }
}

asio::awaitable<bool> HttpSession::answer(HeadParser& head) {
  const auto path = path_of(target_, facts_.base);
  bool go_on = false;
  if (path == "/echo") {
    go_on = co_await echo(head);
    co_return go_on;
  }
  if (path == "/ws" && websocket::is_upgrade(head.get())) {
    go_on = co_await serve_websocket(head);
    co_return go_on;
  }
  go_on = co_await discard_body(head);
  if (!go_on) co_return false;
  if (std::chrono::steady_clock::now() < facts_.ready_at) {
    go_on = co_await send_text(http::status::service_unavailable, "text/plain", "not ready yet\n");
  } else if (path == "/") {
    go_on = co_await send_text(http::status::ok, "text/html; charset=utf-8", page(facts_));
  } else if (path == "/info") {
    go_on = co_await send_text(http::status::ok, "application/json", info_json(facts_) + "\n");
  } else if (path == "/slow") {
    co_await pause(number_in(target_, "ms", 1000, 600'000));
    go_on = co_await send_text(http::status::ok, "text/plain",
                               "slow from generation " + facts_.generation + "\n");
  } else if (path == "/stream") {
    go_on = co_await send_chunks();
  } else if (path == "/events") {
    go_on = co_await send_events(last_event_id(head));
  } else if (path == "/big") {
    go_on = co_await send_big();
  } else if (path.starts_with("/status/")) {
    go_on = co_await send_status(path.substr(8));
  } else if (path == "/crash") {
    go_on = co_await crash();
  } else {
    go_on = co_await send_text(http::status::not_found, "text/plain", "no such page\n");
  }
  co_return go_on;
}

http::response<http::empty_body> HttpSession::response_head(http::status status, std::string_view type) {
  if (facts_.stopping) keep_alive_ = false;
  http::response<http::empty_body> response(status, version_);
  response.set(http::field::server, "berth-demo");
  if (!type.empty()) response.set(http::field::content_type, beast::string_view(type.data(), type.size()));
  response.set("X-Demo-Generation", facts_.generation);
  response.set("X-Demo-Pid", std::to_string(facts_.pid));
  response.set(http::field::cache_control, "no-store");
  response.keep_alive(keep_alive_);
  return response;
}

asio::awaitable<bool> HttpSession::send_head(http::response<http::empty_body>& response) {
  error_code error;
  http::response_serializer<http::empty_body> serializer(response);
  co_await http::async_write_header(socket_, serializer, result_in(error));
  co_return !error;
}

asio::awaitable<bool> HttpSession::send_bytes(std::string_view data) {
  error_code error;
  co_await asio::async_write(socket_, asio::buffer(data), result_in(error));
  co_return !error;
}

asio::awaitable<bool> HttpSession::send_chunk(std::string_view data) {
  std::array<char, 20> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), data.size(), 16).ptr;
  std::string framed(size.data(), end);
  framed.append("\r\n").append(data).append("\r\n");
  bool sent = false;
  sent = co_await send_bytes(version_ == 10 ? data : std::string_view(framed));
  co_return sent;
}

// False when the server stops meanwhile and this pause is one of a stream's.
asio::awaitable<bool> HttpSession::pause(std::uint64_t ms) {
  error_code error;
  timer_.expires_after(std::chrono::milliseconds(ms));
  co_await timer_.async_wait(result_in(error));
  co_return !facts_.stopping;
}

asio::awaitable<bool> HttpSession::send_text(http::status status, std::string_view type, std::string body) {
  auto response = response_head(status, type);
  if (status == http::status::service_unavailable) response.set(http::field::retry_after, "1");
  const auto code = response.result_int();
  const bool bodiless = code == 204 || code == 304;
  if (!bodiless) response.content_length(body.size());
  bool sent = false;
  sent = co_await send_head(response);
  if (sent && !bodiless && method_ != http::verb::head) sent = co_await send_bytes(body);
  co_return sent;
}

asio::awaitable<bool> HttpSession::send_status(std::string_view number) {
  unsigned code = 0;
  std::from_chars(number.data(), number.data() + number.size(), code);
  if (code < 200 || code > 599) code = 404;
  bool sent = false;
  sent = co_await send_text(static_cast<http::status>(code), "text/plain",
                            "status " + std::to_string(code) + "\n");
  co_return sent;
}

asio::awaitable<bool> HttpSession::send_chunks() {
  const auto chunks = number_in(target_, "chunks", 10, 1'000'000'000);
  const auto ms = number_in(target_, "ms", 100, 600'000);
  auto response = response_head(http::status::ok, "text/plain");
  if (version_ == 10) keep_alive_ = false;
  if (version_ > 10) response.chunked(true);
  bool go_on = false;
  go_on = co_await send_head(response);
  if (!go_on || method_ == http::verb::head) co_return go_on;
  for (std::uint64_t i = 0; i < chunks; ++i) {
    go_on = co_await send_chunk("chunk " + std::to_string(i + 1) + " of " + std::to_string(chunks) + "\n");
    if (!go_on) co_return false;
    if (i + 1 == chunks || ms == 0) continue;
    // A stream with an end is a request like another: it is sent whole even when the server stops.
    co_await pause(ms);
  }
  if (version_ > 10) go_on = co_await send_bytes("0\r\n\r\n");
  co_return go_on && !facts_.stopping;
}

asio::awaitable<bool> HttpSession::send_events(std::uint64_t last_id) {
  const auto ms = number_in(target_, "ms", 1000, 600'000);
  auto response = response_head(http::status::ok, "text/event-stream");
  if (version_ == 10) keep_alive_ = false;
  if (version_ > 10) response.chunked(true);
  bool go_on = false;
  go_on = co_await send_head(response);
  if (method_ == http::verb::head) co_return go_on;
  streaming_ = true;
  for (std::uint64_t id = last_id + 1; go_on && !facts_.stopping; ++id) {
    std::string event = id == last_id + 1 ? "retry: 300\n" : "";
    event += "id: " + std::to_string(id) + "\nevent: info\ndata: " + info_json(facts_) + "\n\n";
    go_on = co_await send_chunk(event);
    if (go_on && !facts_.stopping) go_on = co_await pause(ms);
  }
  streaming_ = false;
  if (facts_.stopping && version_ > 10) co_await send_bytes("0\r\n\r\n");
  co_return false;
}

asio::awaitable<bool> HttpSession::send_big() {
  const auto bytes = number_in(target_, "bytes", 1'000'000, kMaxBody);
  auto response = response_head(http::status::ok, "application/octet-stream");
  response.content_length(bytes);
  bool go_on = false;
  go_on = co_await send_head(response);
  if (method_ == http::verb::head) co_return go_on;
  constexpr std::uint64_t kPiece = 64 * 1024;
  for (std::uint64_t offset = 0; go_on && offset < bytes; offset += kPiece) {
    const auto piece = big_piece(offset, static_cast<std::size_t>(std::min(kPiece, bytes - offset)));
    go_on = co_await send_bytes(piece);
  }
  co_return go_on;
}

asio::awaitable<bool> HttpSession::crash() {
  if (number_in(target_, "before", 0, 1) == 0) {
    keep_alive_ = false;
    co_await send_text(http::status::ok, "text/plain", "crashing now\n");
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
  }
  ::_exit(kCrashExit);
  co_return false;
}

asio::awaitable<bool> HttpSession::expect_body(const HeadParser& head) {
  bool sent = true;
  const auto expect = head.get()[http::field::expect];
  if (version_ > 10 && beast::iequals(expect, "100-continue")) {
    sent = co_await send_bytes("HTTP/1.1 100 Continue\r\n\r\n");
  }
  co_return sent;
}

asio::awaitable<bool> HttpSession::discard_body(HeadParser& head) {
  bool go_on = head.is_done();
  if (go_on) co_return true;
  go_on = co_await expect_body(head);
  if (!go_on) co_return false;
  BodyParser parser(std::move(head));
  std::array<char, 16 * 1024> piece;
  while (!parser.is_done()) {
    parser.get().body().data = piece.data();
    parser.get().body().size = piece.size();
    error_code error;
    co_await http::async_read_some(socket_, buffer_, parser, result_in(error));
    if (error && error != http::error::need_buffer) co_return false;
  }
  co_return true;
}

asio::awaitable<bool> HttpSession::echo(HeadParser& head) {
  bool go_on = true;
  auto response = response_head(http::status::ok, "application/octet-stream");
  response.set("X-Echo-Method", head.get().method_string());
  response.set("X-Echo-Target", head.get().target());
  for (const auto& field : head.get()) {
    response.insert("X-Echo-" + std::string(field.name_string()), field.value());
  }
  const bool has_body = !head.is_done();
  if (has_body) {
    go_on = co_await expect_body(head);
    if (!go_on) co_return false;
  }
  const bool chunked = head.chunked() && version_ > 10;
  const auto length = head.content_length();
  if (chunked) response.chunked(true);
  if (!chunked && length) response.content_length(*length);
  if (!has_body) response.content_length(0);
  go_on = co_await send_head(response);
  if (!has_body) co_return go_on;
  BodyParser parser(std::move(head));
  std::array<char, 64 * 1024> piece;
  while (go_on && !parser.is_done()) {
    parser.get().body().data = piece.data();
    parser.get().body().size = piece.size();
    error_code error;
    co_await http::async_read_some(socket_, buffer_, parser, result_in(error));
    if (error && error != http::error::need_buffer) co_return false;
    const std::string_view got(piece.data(), piece.size() - parser.get().body().size);
    if (got.empty() || method_ == http::verb::head) continue;
    if (chunked) go_on = co_await send_chunk(got);
    if (!chunked) go_on = co_await send_bytes(got);
  }
  if (go_on && chunked) go_on = co_await send_bytes("0\r\n\r\n");
  co_return go_on;
}

asio::awaitable<bool> HttpSession::serve_websocket(HeadParser& head) {
  websocket::stream<tcp::socket&> stream(socket_);
  error_code error;
  const auto request = head.release();
  stream.set_option(websocket::stream_base::decorator([this](websocket::response_type& response) {
    response.set(http::field::server, "berth-demo");
    response.set("X-Demo-Generation", facts_.generation);
  }));
  co_await stream.async_accept(request, result_in(error));
  tunnel_ = true;
  while (!error && !facts_.stopping) {
    beast::flat_buffer message;
    co_await stream.async_read(message, result_in(error));
    if (error) break;
    stream.text(stream.got_text());
    co_await stream.async_write(message.data(), result_in(error));
  }
  tunnel_ = false;
  // The cancelled read has spoiled the stream for Beast: the close frame (1001, going away) is written beside
  // it.
  if (facts_.stopping) co_await send_bytes(std::string_view("\x88\x02\x03\xe9", 4));
  co_return false;
}

}  // namespace

std::weak_ptr<Session> start_session(tcp::socket socket, Facts& facts) {
  const auto executor = socket.get_executor();
  auto session = std::make_shared<HttpSession>(std::move(socket), facts);
  asio::co_spawn(executor, HttpSession::run(session), asio::detached);
  return session;
}

}  // namespace berth::demo
