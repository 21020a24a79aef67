#include "proxy/http/relay.h"

#include <cerrno>
#include <utility>

#include "proxy/http/flow.h"
#include "proxy/route/closed_port.h"

namespace berth::http {

using loop::Wakes;

namespace {

// As nginx calls the ends of what is not HTTP.
constexpr int kRelayed = 200;
constexpr int kClientLeft = 499;
constexpr int kNoBackend = 503;

}  // namespace

Relay::Relay(Worker& worker, loop::Fd fd, std::string_view address, ListenerView& listener, Counted counted)
    : Connection(worker, address, listener, counted),
      route_(worker.app(*app())),
      holder_(gate_),
      begun_(worker.loop().now()) {
  socket_.open(worker_.loop(), std::move(fd), loop::Socket::Side::Client);
  socket_.attach(gate_);
  ++route_.counters.requests;
  ++route_.counters.in_flight;
}

Relay::~Relay() {
  give_up_upstream(false);
  note_end();
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
  {
    auto obtaining = obtain_upstream();
    const bool obtained = co_await obtaining;
    if (obtained) {
      obtained_ = worker_.loop().now();
      generation_ = holder_.target()->generation();
      auto relaying = relay();
      whole_ = co_await relaying;
    }
  }
  give_up_upstream(whole_);
  holder_.let_go();
  if (!whole_) {
    if (!gone_) ++route_.counters.failed;
    socket_.close_abruptly();  // the client must see it
  }
  worker_.ended(*this);
}

/// As a request does: a place in the hold queue where no backend is, another try where one has just died.
loop::Task<bool> Relay::obtain_upstream() {
  give_up_ = worker_.loop().deadline(route_.limits().hold_timeout);
  bool tried = false;
  while (route_.refusal().empty()) {
    route::Target* target = route_.current();
    // Where nobody took it, the successor is a moment away, or the next tick finds it listening.
    if (tried || target == nullptr || route_.must_wait() || !target->make_room()) {
      auto waiting = wait_in_queue();
      const bool admitted = co_await waiting;
      if (!admitted) co_return false;
      target = route_.current();
      if (target == nullptr || !target->make_room()) continue;
    }
    auto connecting = connect(*target);
    const bool connected = co_await connecting;
    if (connected) co_return true;
    // A server that takes no connection in time is not tried again, as a request gets a 504 then.
    if (gone_ || timed_out_) co_return false;
    tried = true;
  }
  co_return false;
}

loop::Task<bool> Relay::wait_in_queue() {
  route::Waiting place(gate_);
  gate_.forget(loop::kAdmitted | loop::kRefused | loop::kTimeout);
  using Place = route::AppRoute::Place;
  if (!route_.wait(place, refused_ ? Place::First : Place::Last)) {
    route_.tally.met(route::Limit::HoldRequests);
    co_return false;
  }
  if (!std::exchange(held_, true)) ++route_.counters.held_total;
  deadline_ = give_up_;
  const Wakes wakes =
      co_await gate_.wait(loop::kAdmitted | loop::kRefused | loop::kTimeout | loop::kClientGone);
  deadline_ = 0;
  route_.leave(place);
  if (wakes == loop::kTimeout) route_.tally.met(route::Limit::HoldTimeout);
  co_return !left(wakes) && (wakes & loop::kAdmitted) != 0;
}

loop::Task<bool> Relay::connect(route::Target& target) {
  gate_.forget(loop::kUpstreamIn | loop::kUpstreamOut | loop::kUpstreamGone | loop::kCut | loop::kTimeout);
  holder_.take(target);
  holder_.carries(route::Carried::Connection);
  if (route_.long_mode("/") == LongMode::Pin) holder_.stay(route::Stay::Pin);
  upstream_ = target.make_connection();
  int error = upstream_->connect(gate_);
  const bool lacks_descriptor = loop::out_of_descriptors(error);
  if (lacks_descriptor) route_.tally.met(route::Limit::Descriptors);
  if (error == 0) {
    deadline_ = worker_.loop().deadline(route_.limits().connect_timeout);
    const Wakes wakes =
        co_await gate_.wait(loop::kUpstreamOut | loop::kTimeout | loop::kCut | loop::kClientGone);
    deadline_ = 0;
    timed_out_ = wakes == loop::kTimeout;
    if (timed_out_) route_.tally.met(route::Limit::ConnectTimeout);
    const bool answered = !left(wakes) && (wakes & loop::kUpstreamOut) != 0;
    if (answered) error = upstream_->connect_error();
    if (answered && error == 0) {
      refused_ = false;
      route_.connected(target);
      co_return true;
    }
  }
  refused_ = error != 0 && error != EAGAIN && !lacks_descriptor && !timed_out_;
  if (refused_ && route::means_closed(error)) route_.refused(target);
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
    if ((wakes & loop::kTimeout) != 0) route_.tally.met(route::Limit::StreamIdle);
    if ((wakes & (loop::kTimeout | loop::kCut)) != 0) break;
    sound = move(up, down, wakes, loop);
    received_ = up.moved;
    sent_ = down.moved - down.waiting.size();
  }
  deadline_ = 0;
  --route_.counters.tunnels;
  gone_ = up.broken == &socket_ || down.broken == &socket_;
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

/// It is over, whatever by.
void Relay::note_end() {
  const bool relayed = obtained_ != std::chrono::steady_clock::time_point{};
  const int status = relayed ? kRelayed : gone_ ? kClientLeft : kNoBackend;
  route_.tally.ended(status == kClientLeft ? 0 : status);
  if (worker_.journal.access == nullptr) return;
  const auto now = worker_.loop().now();
  observe::AccessRecord record;
  record.protocol = observe::AccessRecord::Protocol::Tcp;
  record.unix_us = observe::unix_us_now();
  record.status = static_cast<std::uint16_t>(status);
  record.bytes = sent_;
  record.received = received_;
  record.generation = generation_.number;
  record.held_us = static_cast<std::uint32_t>(observe::in_us((relayed ? obtained_ : now) - begun_));
  record.total_us = observe::in_us(now - begun_);
  record.complete = whole_;
  record.put(observe::AccessRecord::Text::Address, address());
  record.put(observe::AccessRecord::Text::App, route_.name());
  worker_.journal.access->push(record);
}

}  // namespace berth::http
