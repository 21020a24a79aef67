// One connection of a client, from accept to close: reads heads, hands each request to an Exchange, keeps the
// connection between them. Lives in one worker; owned by it from start() until ended().
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "proxy/http/worker.h"
#include "proxy/loop/gate.h"
#include "proxy/loop/list.h"
#include "proxy/loop/socket.h"
#include "proxy/loop/task.h"

namespace berth::http {

class Session final : public loop::Disposable, public loop::ListHook<Session> {
 public:
  Session(Worker& worker, loop::Fd fd, std::string_view address, std::shared_ptr<ListenerState> state);
  void start();

  AppId app() const { return state_->app; }
  ListenerState& state() { return *state_; }
  Worker& worker() { return worker_; }
  loop::Loop& loop() { return worker_.loop(); }
  loop::Gate& gate() { return gate_; }
  loop::Socket& socket() { return socket_; }
  std::string_view address() const { return {address_.data(), address_size_}; }

  /// The loop ends: an exchange in the middle is seen to be cut off.
  void abandon() {
    if (busy_) socket_.close_abruptly();
  }

  /// Bytes received and not used yet: the rest of a read, behind the message that was served.
  loop::Block& pending() { return pending_; }
  /// Reads once: behind what is pending, else into the loop's scratch block. `view` shows all unused bytes.
  loop::IoResult receive(std::string_view& view);
  /// `view` was what receive() showed (or pending()): the first `n` are used, the rest becomes pending.
  void use(std::string_view view, std::size_t n);

  /// The one deadline of the moment; raises kTimeout.
  void set_deadline(loop::Tick tick) { deadline_ = tick; }
  loop::Tick deadline() const { return deadline_; }

 private:
  loop::Task<> run();
  loop::Task<bool> refuse(HeadError error);
  loop::Task<> linger();
  HeadResult look(std::string_view view, HeadError& error);

  Worker& worker_;
  std::shared_ptr<ListenerState> state_;
  loop::Gate gate_;
  loop::Socket socket_;
  loop::Block pending_;
  loop::Tick deadline_ = 0;
  bool busy_ = false;          ///< an exchange runs
  bool skipped_line_ = false;  ///< the empty line that may stand before a request (RFC 9112 §2.2)
  std::uint8_t address_size_ = 0;
  std::array<char, 46> address_;
  loop::Task<> task_;
};

}  // namespace berth::http
