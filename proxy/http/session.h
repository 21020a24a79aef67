// One HTTP/1 connection of a client, from accept to close: reads heads, hands each request to an Exchange,
// keeps the connection between them. Lives in one worker; owned by it from start() until ended().
#pragma once

#include <memory>
#include <string_view>

#include "proxy/http/client_stream.h"
#include "proxy/http/connection.h"
#include "proxy/http/head_watch.h"
#include "proxy/loop/socket.h"
#include "proxy/loop/task.h"

namespace berth::http {

class Session final : public ClientStream, public Connection {
 public:
  Session(Worker& worker, loop::Fd fd, std::string_view address, ListenerView& listener, Counted counted);
  void start() override;

  loop::Loop& loop() override { return worker_.loop(); }
  Heads& heads() override { return worker_.heads; }
  Journal& journal() override { return worker_.journal; }
  loop::Stream& stream() override { return socket_; }
  const HeadLimits& head_limits() const override { return listener_.head_limits; }
  ClientFacts facts() const override;
  bool stopping() const override { return worker_.stopping() || listener_.closed; }
  bool takes_chunks(int version) const override { return version >= 11; }
  void put_head(const ResponseHead& head, const ResponseRules& rules, loop::Block& out) override;
  void put_error(const ErrorReply& reply, loop::Block& out) override;

  void abandon() override {
    if (busy_) socket_.close_abruptly();
  }
  void tell(loop::Wakes wakes) override { gate().raise(wakes); }
  void on_tick(loop::Tick tick) override;

 private:
  loop::Task<> run();
  loop::Task<bool> refuse(HeadError error);
  void note_refusal(const HeadError& error, std::string_view id, std::size_t bytes);
  loop::Task<> linger();
  route::AppRoute& route();
  HeadResult look(std::string_view view, HeadError& error);

  // In an order without holes: ten thousand idle ones are held.
  std::uint32_t strip_ = 0;                    ///< of the request that is served
  HeadWatch watch_{HeadWatch::Kind::Request};  ///< of an unfinished head
  loop::Socket socket_;
  bool busy_ = false;          ///< an exchange runs
  bool skipped_line_ = false;  ///< the empty line that may stand before a request (RFC 9112 §2.2)
  loop::Task<> task_;
};

}  // namespace berth::http
