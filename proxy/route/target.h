// One backend as one loop sees it: where it is, which exchanges hold it, and its idle connections (LIFO, so
// that the warmest is used and the rest grow old). Retired, it takes no new holder and gives up its idle
// connections; it is drained when its last holder has let go. Knows no HTTP.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "proxy/loop/gate.h"
#include "proxy/loop/list.h"
#include "proxy/loop/loop.h"
#include "proxy/observe/drain_count.h"
#include "proxy/route/destination.h"
#include "proxy/route/upstream.h"

namespace berth::route {

/// What became of the holders that a target had when it was retired.
using DrainCount = observe::DrainCount;
using Carried = observe::Carried;

/// How an exchange left a target.
enum class Leave : std::uint8_t {
  Finished,  ///< by itself
  Ended,     ///< by berth, as its protocol ends it: an event stream behind an event, a WebSocket with a Close
             ///< frame
  Cut,       ///< by cut()
};

/// What a target's retirement means for an exchange that goes on for long (design section 8).
enum class Stay : std::uint8_t {
  Drain,  ///< as any other
  Leave,  ///< it is asked to end, some time after the retirement
  Pin,    ///< it may stay when the others are cut
};

/// The hold of one exchange on a target, from the moment the target is chosen until the exchange is over.
class Holder : public loop::ListHook<Holder> {
 public:
  explicit Holder(loop::Gate& gate) : gate_(gate) {}
  ~Holder() { let_go(); }

  void take(Target& target);
  void let_go();
  Target* target() const { return target_; }
  /// For this hold, from now on. With Leave: kLeave is raised once, between `grace` and twice that after the
  /// retirement, so that not all come back at once.
  void stay(Stay stay, std::chrono::milliseconds grace = {});
  /// What it is, once that is known; a request at first.
  void carries(Carried what) { what_ = what; }
  /// Counted when it lets go.
  void left_by(Leave how) { how_ = how; }

 private:
  friend class Target;
  void leave_soon(loop::Loop& loop);

  loop::Gate& gate_;
  Target* target_ = nullptr;
  Leave how_ = Leave::Finished;
  Carried what_ = Carried::Request;
  Stay stay_ = Stay::Drain;
  std::chrono::milliseconds grace_{0};
  loop::Tick leave_at_ = 0;  ///< 0: nothing is due
};

class Target {
 public:
  struct Settings {
    std::uint32_t most_connections;  ///< this loop's share of max_upstream
    std::chrono::milliseconds idle;  ///< upstream_idle
    Connector connector;
  };

  Target(loop::Loop& loop, Generation generation, Destination destination, Settings settings);
  ~Target();
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  Generation generation() const { return generation_; }
  const Endpoint& endpoint() const { return destination_.endpoint; }
  /// nullptr: connections are made by the address alone.
  Reach* reach() const { return destination_.reach.get(); }
  std::uint64_t holders() const { return holder_count_; }
  std::uint32_t idle_count() const { return idle_count_; }
  std::uint32_t connections() const { return connections_; }
  /// Whether the last connection to it was refused. Nothing of a request was sent then.
  bool refuses() const { return refuses_; }

  /// Which idle connection will do.
  enum class Idle : std::uint8_t {
    Any,
    SurelyAlive,  ///< one that the backend has had no time to give up: used within the last second
  };
  /// An idle connection, or nullptr.
  std::unique_ptr<Upstream> take_idle(Idle which);
  bool may_connect() const { return connections_ < settings_.most_connections; }
  /// Makes may_connect() true by giving up an idle connection, if there is need and one to give.
  bool make_room();
  /// Gives up the connection that has lain idle for longest; false: none does.
  bool close_eldest_idle();
  std::unique_ptr<Upstream> make_connection();

  /// Keeps it for the next exchange (closes it, if retired).
  void give_back(std::unique_ptr<Upstream> upstream);
  /// Closes it. `peer_closed`: everything was read to the end, so no TIME_WAIT is due (design section 5).
  void drop(std::unique_ptr<Upstream> upstream, bool peer_closed);

  /// Where its connections lead from now on: the backend itself has moved. Idle ones are closed, and so is
  /// each that carries an exchange when that is over.
  void move_to(Destination destination);

  /// For what is taken and given back from now on.
  void set_limits(std::uint32_t most_connections, std::chrono::milliseconds idle) {
    settings_.most_connections = most_connections;
    settings_.idle = idle;
  }

  /// No new holders from now on; `drained` is called once, when the last one has let go (at once if there is
  /// none).
  void retire();
  /// Takes holders again, as if it had never been retired. Only while nobody has asked for its end.
  void revive();
  bool retired() const { return retired_; }
  void when_drained(std::function<void(DrainCount)> drained);
  /// Its end was told: nobody will ask for it again.
  bool told() const { return told_; }
  enum class Whom : std::uint8_t { All, AllButPinned };
  /// Wakes them with kCut.
  void cut(Whom whom = Whom::All);

  /// An idle connection had an event: its peer closed it, or sent what nobody asked for.
  void idle_ended(Upstream& upstream);
  /// Closes what has lain idle too long; tells those that are to leave.
  void on_tick();

 private:
  friend class AppRoute;
  friend class Holder;
  void let_go(Carried what, Leave how);
  void close_idle();
  void close_idle(Upstream& upstream, bool peer_closed = false);

  loop::Loop& loop_;
  Generation generation_;
  Destination destination_;
  Settings settings_;
  loop::List<Holder, Holder> holders_;
  loop::List<Upstream, Upstream> idle_;  ///< the most recently used in front
  std::uint64_t holder_count_ = 0;
  std::uint32_t idle_count_ = 0;
  std::uint32_t connections_ = 0;  ///< idle ones included
  std::uint32_t place_ = 0;        ///< counts the moves
  bool retired_ = false;
  bool told_ = false;
  bool refuses_ = false;
  DrainCount drain_;
  std::function<void(DrainCount)> drained_;
};

}  // namespace berth::route
