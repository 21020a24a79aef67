#include "bench/load/driver.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace berth::load {
namespace {

constexpr std::uint64_t kBellToken = std::uint64_t{1} << 62;
constexpr std::uint64_t kProbeToken = std::uint64_t{1} << 61;
constexpr std::uint64_t kEventsToken = std::uint64_t{1} << 60;
constexpr std::uint64_t kWebSocketsToken = std::uint64_t{1} << 59;
constexpr std::chrono::milliseconds kScanEvery{10};
/// After a failure a closed-loop lane waits a little: a dead server would else be asked as fast as the CPU
/// can.
constexpr std::chrono::milliseconds kPauseAfterFailure{5};
/// A connection that nobody needs is closed before most servers would: what they close then tells something.
constexpr std::chrono::seconds kIdle{4};
/// What the open loop begins later than this though a lane was free, it was late for.
constexpr std::chrono::milliseconds kPunctual{1};

int checked(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return fd;
}

}  // namespace

Driver::Driver(LoadPlan plan) : plan_(std::move(plan)) {
  if (plan_.targets.empty()) plan_.targets = {{.address = plan_.address, .port = plan_.port}};
  for (const auto& target : plan_.targets) addresses_.push_back(Address::of(target));
  epoll_ = checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  bell_ = checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
  epoll_event interest{};
  interest.events = EPOLLIN;
  interest.data.u64 = kBellToken;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, bell_, &interest);
  add_pools();
}

Driver::~Driver() {
  lanes_.clear();
  prober_.reset();
  events_.reset();
  websockets_.reset();
  ::close(bell_);
  ::close(epoll_);
}

/// Wakes the loop, from any thread.
void Driver::ring() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(bell_, &one, sizeof one);
}

void Driver::request_stop() {
  stop_requested_.store(true);
  ring();
}

void Driver::give_up() {
  given_up_.store(true);
  ring();
}

void Driver::mark_window(bool begins) {
  {
    const std::lock_guard lock(mutex_);
    marks_.push_back(begins);
  }
  marked_.store(true);
  ring();
}

Load::Now Driver::now() const {
  const std::lock_guard lock(mutex_);
  return {.since = Clock::now() - started_,
          .answered = answered(),
          .failed = failed_.load(std::memory_order_relaxed),
          .last = last_second_,
          .over = over_.load()};
}

void Driver::begin_run() {
  {
    const std::lock_guard lock(mutex_);
    started_ = next_scan_ = last_end_ = Clock::now();
  }
  tally_ = std::make_unique<Tally>(started_, plan_.window_tail);
  prober_ = std::make_unique<Prober>(epoll_, kProbeToken, addresses_.front(), plan_.probe_every);
  const auto long_lanes = [this](const LongLanes& lanes) {
    return LongPlan{.lanes = lanes,
                    .address = addresses_.at(lanes.server),
                    .host = lanes.host.empty() ? plan_.host : lanes.host,
                    .timeout = plan_.request_timeout};
  };
  events_ = std::make_unique<EventStreams>(epoll_, kEventsToken, long_lanes(plan_.events), *tally_);
  websockets_ = std::make_unique<WebSockets>(epoll_, kWebSocketsToken, long_lanes(plan_.websockets), *tally_);
  for (std::size_t i = 0; i < lanes_.size(); ++i)
    if (!pools_[lanes_[i].pool].open_loop) wakes_.push({started_, i});
}

void Driver::run() {
  begin_run();
  std::array<epoll_event, 256> events{};
  while (!stopping_ || (waits() && !given_up_.load(std::memory_order_relaxed))) {
    const auto now = Clock::now();
    if (marked_.load(std::memory_order_relaxed)) take_marks();
    if (!stopping_ || running_ > 0) tally_->tick(now);
    if (tally_->result().seconds.size() != seconds_told_) tell_last_second();
    if (!stopping_) {
      arrive(now);
      wake_lanes(now);
      prober_->tick(now);
      events_->tick(now);
    }
    websockets_->tick(now);
    time_out_slow(now);
    const auto wait = std::max(next_wake() - Clock::now(), Clock::duration::zero());
    const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(wait).count();
    const timespec timeout{ns / 1'000'000'000, ns % 1'000'000'000};
    const int n = ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    if (n < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "epoll_pwait2");
    for (int i = 0; i < n; ++i)
      on_event(events[static_cast<std::size_t>(i)].data.u64, events[static_cast<std::size_t>(i)].events);
    failed_.store(tally_->failures(), std::memory_order_relaxed);
    const bool wanted =
        stop_requested_.load(std::memory_order_relaxed) || over_.load(std::memory_order_relaxed);
    if (wanted && !stopping_) stop(Clock::now());
  }
  end_run();
}

/// The run ends with its last answer: nobody waits for what comes after that. What was never answered was
/// waited for until it was given up.
void Driver::end_run() {
  const auto given_up = running_;
  auto ended = over_.load() ? last_end_ : std::max(stopped_, last_end_);
  if (given_up > 0) ended = Clock::now();
  result_ = tally_->finish(ended);
  result_.took = ended - started_;
  result_.sent = sent_;
  result_.given_up = given_up;
  if (lanes_.empty()) result_.longest_gap = result_.longest_gap_at = {};  // no answer was waited for
  result_.events = events_->figures();
  result_.websockets = websockets_->figures();
  for (auto& lane : lanes_) lane.connection->close();
}

void Driver::stop(Clock::time_point now) {
  take_marks();
  stopping_ = true;
  stopped_ = now;
  auto& result = tally_->result();
  for (const auto& pool : pools_) result.unsent += pool.backlog.size();
  for (; !wakes_.empty(); wakes_.pop())  // a lane had been found for these
    if (pools_[lanes_[wakes_.top().lane].pool].open_loop) ++result.unsent;
  events_->stop();
  websockets_->stop();
  prober_->stop();
  result.probe = prober_->result();
}

void Driver::take_marks() {
  std::vector<bool> marks;
  {
    const std::lock_guard lock(mutex_);
    marks.swap(marks_);
    marked_.store(false);
  }
  const auto now = stopping_ ? stopped_ : Clock::now();
  for (const bool begins : marks) begins ? tally_->begin_window(now) : tally_->end_window(now);
}

void Driver::tell_last_second() {
  seconds_told_ = tally_->result().seconds.size();
  const std::lock_guard lock(mutex_);
  last_second_ = tally_->last_second();
}

Clock::time_point Driver::due_of(std::uint64_t arrival) const {
  const auto offset = std::chrono::duration<double>(static_cast<double>(arrival) / plan_.rate);
  return started_ + std::chrono::duration_cast<Clock::duration>(offset);
}

Clock::time_point Driver::next_wake() const {
  auto next = std::min(next_scan_, websockets_->next_due());
  if (stopping_) return next;
  next = std::min({next, prober_->next_due(), events_->next_due()});
  if (!wakes_.empty()) next = std::min(next, wakes_.top().at);
  if (plan_.rate > 0 && !routes_.empty() && !all_begun()) next = std::min(next, due_of(arrivals_));
  return next;
}

void Driver::on_event(std::uint64_t data, std::uint32_t events) {
  if (data == kBellToken) {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(bell_, &count, sizeof count);
  } else if ((data & kProbeToken) != 0) {
    prober_->on_ready(data & ~kProbeToken, events, Clock::now());
  } else if ((data & kEventsToken) != 0) {
    events_->on_ready(data & ~kEventsToken, events, Clock::now());
  } else if ((data & kWebSocketsToken) != 0) {
    websockets_->on_ready(data & ~kWebSocketsToken, events, Clock::now());
  } else {
    const auto lane = static_cast<std::size_t>(data);
    handle(lane, lanes_[lane].connection->on_ready(events));
  }
}

void Driver::arrive(Clock::time_point now) {
  if (plan_.rate <= 0 || routes_.empty()) return;
  while (plan_.most_requests == 0 || arrivals_ < plan_.most_requests) {
    const auto due = due_of(arrivals_);
    if (due > now) return;
    fresh_debt_ += plan_.fresh_share;
    const bool fresh = fresh_debt_ >= 1;
    if (fresh) fresh_debt_ -= 1;
    const auto& route = routes_[arrivals_++ % routes_.size()];
    auto& pool = pools_[static_cast<std::size_t>(fresh ? route.fresh : route.keep_alive)];
    if (pool.free.empty()) {
      pool.backlog.push_back(due);
      continue;
    }
    if (now - due > kPunctual) ++tally_->result().late;
    tally_->result().latest = std::max<std::chrono::nanoseconds>(tally_->result().latest, now - due);
    const auto lane = pool.free.back();
    pool.free.pop_back();
    begin(lane, due);
  }
}

void Driver::wake_lanes(Clock::time_point now) {
  while (!wakes_.empty() && wakes_.top().at <= now) {
    const auto wake = wakes_.top();
    wakes_.pop();
    const auto& pool = pools_[lanes_[wake.lane].pool];
    if (all_begun() && !pool.open_loop) continue;
    begin(wake.lane, pool.open_loop ? wake.at : now);
  }
}

void Driver::begin(std::size_t index, Clock::time_point due) {
  auto& lane = lanes_[index];
  auto& pool = pools_[lane.pool];
  lane.due = due;
  pool.source.next(lane.connection->request(), pool.fresh);
  ++running_;
  ++sent_;
  if (!lane.connection->open()) ++tally_->result().connections;
  tally_->result().bytes_out += lane.connection->request().body.size();
  handle(index, lane.connection->begin(addresses_[pool.server], Clock::now()));
}

void Driver::handle(std::size_t index, Connection::Event event) {
  auto& lane = lanes_[index];
  switch (event) {
    case Connection::Event::None:
      return;
    case Connection::Event::IdleClosed:
      ++tally_->result().keepalive_closed;
      return;
    case Connection::Event::IdleBytes:
      tally_->failed(
          lane.connection->outcome().kind, Clock::now(),
          std::string(name_of(lane.connection->outcome().kind)) + ": " + lane.connection->outcome().detail);
      return;
    case Connection::Event::Finished:
      --running_;
      last_end_ = Clock::now();
      finish(lane);
      release(index, !lane.connection->outcome().ok);
      if (running_ == 0 && all_begun()) over_.store(true);
      return;
  }
}

void Driver::finish(Lane& lane) {
  const auto now = Clock::now();
  auto& connection = *lane.connection;
  const auto& outcome = connection.outcome();
  const auto& shape = *connection.request().shape;
  const bool fresh = pools_[lane.pool].fresh;
  tally_->result().bytes_in += connection.body_bytes();
  answered_.store(answered_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  auto kind = outcome.kind;
  auto detail = outcome.detail;
  bool right = outcome.ok;
  if (right && shape.learned) {
    const auto seen = std::pair(connection.body_bytes(), outcome.crc);
    const auto& first = learned_.try_emplace(&shape, seen).first->second;
    if (seen != first) {
      right = false;
      kind = FailureKind::WrongBody;
      detail = std::to_string(seen.first) + " body bytes that differ from the first answer's " +
               std::to_string(first.first);
    }
  }
  if (right) {
    tally_->answered(shape.kind, now - lane.due, now);
    if (outcome.closed_untold) {
      if (!fresh) ++tally_->result().keepalive_closed;
    } else if (!outcome.reusable && !connection.request().closes) {
      ++tally_->result().closed_as_told;
    }
    if (fresh) connection.close();
    return;
  }
  tally_->failed(shape.kind, kind, now,
                 shape.method + " " + shape.target + (fresh ? " (fresh): " : " (keep-alive): ") +
                     name_of(kind) + ": " + detail);
  connection.close();
}

void Driver::release(std::size_t index, bool failed) {
  auto& lane = lanes_[index];
  auto& pool = pools_[lane.pool];
  if (stopping_) return;
  if (!pool.open_loop) {
    auto pause = std::chrono::duration_cast<Clock::duration>(plan_.pause);
    if (failed) pause = std::max<Clock::duration>(pause, kPauseAfterFailure);
    wakes_.push({Clock::now() + pause, index});
    return;
  }
  if (pool.backlog.empty()) {
    pool.free.push_back(index);
    return;
  }
  // Through the queue and not at once: begin() may finish at once, and that would recurse.
  wakes_.push({pool.backlog.front(), index});
  pool.backlog.pop_front();
}

void Driver::time_out_slow(Clock::time_point now) {
  if (now < next_scan_) return;
  next_scan_ = now + kScanEvery;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    auto& connection = *lanes_[i].connection;
    if (connection.busy() && now - connection.since() > plan_.request_timeout)
      handle(i, connection.time_out());
    else if (connection.busy())
      handle(i, connection.send_body_late(now));
    else if (!connection.busy() && connection.open() && now - connection.since() > kIdle)
      connection.close();
  }
}

LoadResult Driver::take_result() { return std::move(result_); }

}  // namespace berth::load
