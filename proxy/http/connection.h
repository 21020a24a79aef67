// One connection of a client as its worker keeps it, whatever is spoken on it: where it came from, which app
// it is for, when it has to be woken. Lives in one worker; owned by it from start() until Worker::ended().
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "proxy/http/worker.h"
#include "proxy/loop/gate.h"
#include "proxy/loop/list.h"
#include "proxy/loop/loop.h"

namespace berth::http {

class Connection : public loop::Disposable, public loop::ListHook<Connection> {
 public:
  Connection(Worker& worker, std::string_view address, ListenerView& listener, Counted counted)
      : worker_(worker), listener_(listener), counted_(counted) {
    address_size_ = static_cast<std::uint8_t>(std::min(address.size(), address_.size()));
    std::copy_n(address.begin(), address_size_, address_.begin());
    if (const auto only = listener_.router->only_app()) app_ = AppId{*only};
  }

  virtual void start() = 0;
  /// The loop ends: what is in the middle is seen to be cut off.
  virtual void abandon() = 0;
  /// Raises `wakes` for who sleeps on it.
  virtual void tell(loop::Wakes wakes) = 0;
  /// Wakes it if its deadline has passed.
  virtual void on_tick(loop::Tick tick) = 0;

  /// Of its last request; before the first, of the listener's only app, if it is one.
  std::optional<AppId> app() const { return app_; }
  ListenerView& listener() { return listener_; }
  Counted counted() const { return counted_; }
  std::string_view address() const { return {address_.data(), address_size_}; }

 protected:
  Worker& worker_;
  ListenerView& listener_;
  std::optional<AppId> app_;

 private:
  const Counted counted_;
  std::uint8_t address_size_ = 0;
  std::array<char, 46> address_;
};

}  // namespace berth::http
