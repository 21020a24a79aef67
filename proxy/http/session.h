// One HTTP/1 connection of a client, from accept to close: reads heads, hands each request to an Exchange,
// keeps the connection between them. Lives in one worker; owned by it from start() until ended().
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string_view>

#include "proxy/http/client_stream.h"
#include "proxy/http/worker.h"
#include "proxy/loop/list.h"
#include "proxy/loop/socket.h"
#include "proxy/loop/task.h"

namespace berth::http {

class Session final : public ClientStream, public loop::Disposable, public loop::ListHook<Session> {
 public:
  Session(Worker& worker, loop::Fd fd, std::string_view address, ListenerView& listener, Counted counted);
  void start();

  /// Of its last request; before the first, of the listener's only app, if it is one.
  std::optional<AppId> app() const { return app_; }
  ListenerView& listener() { return listener_; }
  Counted counted() const { return counted_; }
  std::string_view address() const { return {address_.data(), address_size_}; }

  loop::Loop& loop() override { return worker_.loop(); }
  Heads& heads() override { return worker_.heads; }
  loop::Stream& stream() override { return socket_; }
  const HeadLimits& head_limits() const override { return listener_.head_limits; }
  ClientFacts facts() const override;
  bool stopping() const override { return worker_.stopping() || listener_.closed; }
  bool takes_chunks(int version) const override { return version >= 11; }
  void put_head(const ResponseHead& head, const ResponseRules& rules, loop::Block& out) override;
  void put_error(const ErrorReply& reply, loop::Block& out) override;

  /// The loop ends: an exchange in the middle is seen to be cut off.
  void abandon() {
    if (busy_) socket_.close_abruptly();
  }

 private:
  loop::Task<> run();
  loop::Task<bool> refuse(HeadError error);
  loop::Task<> linger();
  route::AppRoute& route();
  HeadResult look(std::string_view view, HeadError& error);

  Worker& worker_;
  ListenerView& listener_;
  const Counted counted_;
  std::optional<AppId> app_;
  std::uint32_t strip_ = 0;  ///< of the request that is served
  loop::Socket socket_;
  bool busy_ = false;          ///< an exchange runs
  bool skipped_line_ = false;  ///< the empty line that may stand before a request (RFC 9112 §2.2)
  std::uint8_t address_size_ = 0;
  std::array<char, 46> address_;
  loop::Task<> task_;
};

}  // namespace berth::http
