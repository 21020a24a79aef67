#include "proxy/http/relay.h"

#include "proxy/http/flow.h"

namespace berth::http {

using loop::Wakes;

Relay::Relay(Worker& worker, loop::Fd fd, std::string_view address, ListenerView& listener, Counted counted)
    : Connection(worker, address, listener, counted), route_(worker.app(*app())), holder_(gate_) {
  socket_.open(worker_.loop(), std::move(fd), loop::Socket::Side::Client);
  socket_.attach(gate_);
  ++route_.counters.requests;
  ++route_.counters.in_flight;
}

Relay::~Relay() {
  give_up_upstream(false);
  --route_.counters.in_flight;
}

void Relay::start() {
  task_ = run();
  task_.start();
}

void Relay::on_tick(loop::Tick tick) {
  if (deadline_ == 0 || tick < deadline_) return;
  deadline_ = 0;
  gate_.raise(loop::kTimeout);
}

loop::Task<> Relay::run() {
  bool whole = false;
  {
    auto obtaining = obtain_upstream();
    const bool obtained = co_await obtaining;
    if (obtained) {
      auto relaying = relay();
      whole = co_await relaying;
    }
  }
  give_up_upstream(whole);
  holder_.let_go();
  if (!whole) {
    if (!gone_) ++route_.counters.failed;
    socket_.close_abruptly();  // the client must see it
  }
  worker_.ended(*this);
}

/// As a request does: a place in the hold queue where no backend is, another try where one has just died.
loop::Task<bool> Relay::obtain_upstream() {
  give_up_ = worker_.loop().deadline(route_.limits().hold_timeout);
  while (route_.refusal().empty()) {
    route::Target* target = route_.current();
    if (target == nullptr || route_.must_wait() || !target->make_room()) {
      auto waiting = wait_in_queue();
      const bool admitted = co_await waiting;
      if (!admitted) co_return false;
      target = route_.current();
      if (target == nullptr || !target->make_room()) continue;
    }
    auto connecting = connect(*target);
    const bool connected = co_await connecting;
    if (connected) co_return true;
    if (gone_) co_return false;
    // Nobody took it: the successor is a moment away, or the next tick finds it listening.
    auto waiting = wait_in_queue();
    const bool admitted = co_await waiting;
    if (!admitted) co_return false;
  }
  co_return false;
}

loop::Task<bool> Relay::wait_in_queue() {
  route::Waiting place(gate_);
  gate_.forget(loop::kAdmitted | loop::kRefused | loop::kTimeout);
  if (!route_.wait(place)) co_return false;
  ++route_.counters.held_total;
  deadline_ = give_up_;
  const Wakes wakes =
      co_await gate_.wait(loop::kAdmitted | loop::kRefused | loop::kTimeout | loop::kClientGone);
  deadline_ = 0;
  route_.leave(place);
  co_return !left(wakes) && (wakes & loop::kAdmitted) != 0;
}

loop::Task<bool> Relay::connect(route::Target& target) {
  gate_.forget(loop::kUpstreamIn | loop::kUpstreamOut | loop::kUpstreamGone | loop::kCut | loop::kTimeout);
  holder_.take(target);
  if (route_.long_mode("/") == LongMode::Pin) holder_.stay(route::Stay::Pin);
  upstream_ = target.make_connection();
  if (upstream_->connect(gate_)) {
    deadline_ = worker_.loop().deadline(route_.limits().connect_timeout);
    const Wakes wakes =
        co_await gate_.wait(loop::kUpstreamOut | loop::kTimeout | loop::kCut | loop::kClientGone);
    deadline_ = 0;
    if (!left(wakes) && (wakes & loop::kUpstreamOut) != 0 && upstream_->connect_error() == 0) co_return true;
  }
  give_up_upstream(true);
  holder_.let_go();
  co_return false;
}

bool Relay::left(Wakes wakes) {
  gone_ = gone_ || (wakes & loop::kClientGone) != 0;
  return gone_;
}

/// True: both sides have finished.
loop::Task<bool> Relay::relay() {
  loop::Loop& loop = worker_.loop();
  Flow up{socket_, upstream_->stream()};
  Flow down{upstream_->stream(), socket_};
  ++route_.counters.tunnels;
  bool sound = true;
  while (sound && !(down.passed_on && up.passed_on)) {
    deadline_ = loop.deadline(route_.limits().stream_idle);
    const Wakes wakes = co_await gate_.wait(wanted(up, down) | loop::kTimeout | loop::kCut);
    if ((wakes & (loop::kTimeout | loop::kCut)) != 0) break;
    sound = move(up, down, wakes, loop);
  }
  deadline_ = 0;
  --route_.counters.tunnels;
  const bool whole = down.passed_on && up.passed_on;
  co_return whole;
}

void Relay::give_up_upstream(bool peer_closed) {
  if (!upstream_) return;
  gate_.forget(loop::kUpstreamIn | loop::kUpstreamOut | loop::kUpstreamGone);
  route::Target& target = upstream_->target();
  target.drop(std::move(upstream_), peer_closed);
  route_.admit_soon();
}

}  // namespace berth::http
