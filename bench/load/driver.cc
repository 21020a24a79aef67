#include "bench/load/driver.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <system_error>

namespace berth::load {
namespace {

constexpr std::uint64_t kStopToken = std::uint64_t{1} << 62;
constexpr std::uint64_t kProbeToken = std::uint64_t{1} << 61;
constexpr std::size_t kMaxSamples = 32;
constexpr std::chrono::milliseconds kScanEvery{10};
/// After a failure a closed-loop lane waits a little: a dead server would else be asked as fast as the CPU
/// can.
constexpr std::chrono::milliseconds kPauseAfterFailure{5};

int checked(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return fd;
}

}  // namespace

Driver::Driver(LoadPlan plan)
    : plan_(std::move(plan)), address_(Address::of(plan_.address, plan_.port)), source_(plan_) {
  if (plan_.keep_alive_lanes + plan_.fresh_lanes == 0)
    throw std::invalid_argument("a load plan without lanes");
  if (plan_.rate > 0 && ((plan_.fresh_share > 0 && plan_.fresh_lanes == 0) ||
                         (plan_.fresh_share < 1 && plan_.keep_alive_lanes == 0))) {
    throw std::invalid_argument("a load plan without lanes for some of its requests");
  }
  epoll_ = checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  stop_event_ = checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
  epoll_event interest{};
  interest.events = EPOLLIN;
  interest.data.u64 = kStopToken;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, stop_event_, &interest);
  add_lanes(plan_.keep_alive_lanes, false);
  add_lanes(plan_.fresh_lanes, true);
}

Driver::~Driver() {
  lanes_.clear();
  prober_.reset();
  ::close(stop_event_);
  ::close(epoll_);
}

void Driver::add_lanes(unsigned count, bool fresh) {
  for (unsigned i = 0; i < count; ++i) {
    free_[fresh ? 1 : 0].push_back(lanes_.size());
    lanes_.push_back({std::make_unique<Connection>(epoll_, lanes_.size()), fresh, {}});
  }
}

void Driver::request_stop() {
  stop_requested_.store(true);
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(stop_event_, &one, sizeof one);
}

void Driver::run() {
  started_ = last_answer_ = next_scan_ = Clock::now();
  prober_ = std::make_unique<Prober>(epoll_, kProbeToken, address_, plan_.probe_every);
  if (plan_.rate <= 0) {
    for (std::size_t i = 0; i < lanes_.size(); ++i) wakes_.push({started_, i});
  }
  std::array<epoll_event, 256> events{};
  while (!stopping_ || running_ > 0) {
    const auto now = Clock::now();
    if (!stopping_) {
      arrive(now);
      wake_lanes(now);
      prober_->tick(now);
    }
    time_out_slow(now);
    const auto wait = std::max(next_wake() - Clock::now(), Clock::duration::zero());
    const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(wait).count();
    const timespec timeout{ns / 1'000'000'000, ns % 1'000'000'000};
    const int n = ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    if (n < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "epoll_pwait2");
    for (int i = 0; i < n; ++i)
      on_event(events[static_cast<std::size_t>(i)].data.u64, events[static_cast<std::size_t>(i)].events);
    if (stop_requested_.load(std::memory_order_relaxed) && !stopping_) {
      stopping_ = true;
      result_.took = Clock::now() - started_;
      result_.unsent = backlog_[0].size() + backlog_[1].size();
      prober_->stop();
    }
  }
  for (auto& lane : lanes_) lane.connection->close();
}

Clock::time_point Driver::next_wake() const {
  auto next = next_scan_;
  if (stopping_) return next;
  next = std::min(next, prober_->next_due());
  if (!wakes_.empty()) next = std::min(next, wakes_.top().at);
  if (plan_.rate > 0) {
    const auto due = std::chrono::duration<double>(static_cast<double>(arrivals_) / plan_.rate);
    next = std::min(next, started_ + std::chrono::duration_cast<Clock::duration>(due));
  }
  return next;
}

void Driver::on_event(std::uint64_t data, std::uint32_t events) {
  if (data == kStopToken) {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(stop_event_, &count, sizeof count);
  } else if ((data & kProbeToken) != 0) {
    prober_->on_ready(data & ~kProbeToken, events, Clock::now());
  } else {
    const auto lane = static_cast<std::size_t>(data);
    handle(lane, lanes_[lane].connection->on_ready(events));
  }
}

void Driver::arrive(Clock::time_point now) {
  if (plan_.rate <= 0) return;
  for (;;) {
    const auto offset = std::chrono::duration<double>(static_cast<double>(arrivals_) / plan_.rate);
    const auto due = started_ + std::chrono::duration_cast<Clock::duration>(offset);
    if (due > now) return;
    ++arrivals_;
    fresh_debt_ += plan_.fresh_share;
    const bool fresh = fresh_debt_ >= 1;
    if (fresh) fresh_debt_ -= 1;
    auto& idle = free_[fresh ? 1 : 0];
    if (idle.empty()) {
      backlog_[fresh ? 1 : 0].push_back(due);
      continue;
    }
    const auto lane = idle.back();
    idle.pop_back();
    begin(lane, due);
  }
}

void Driver::wake_lanes(Clock::time_point now) {
  while (!wakes_.empty() && wakes_.top().at <= now) {
    const auto wake = wakes_.top();
    wakes_.pop();
    begin(wake.lane, plan_.rate > 0 ? wake.at : now);
  }
}

void Driver::begin(std::size_t index, Clock::time_point due) {
  auto& lane = lanes_[index];
  lane.due = due;
  source_.next(lane.connection->request(), lane.fresh);
  ++running_;
  ++result_.sent;
  if (!lane.connection->open()) ++result_.connections;
  result_.bytes_out += lane.connection->request().body.size();
  handle(index, lane.connection->begin(address_, Clock::now()));
}

void Driver::handle(std::size_t index, Connection::Event event) {
  auto& lane = lanes_[index];
  switch (event) {
    case Connection::Event::None:
      return;
    case Connection::Event::IdleClosed:
      ++result_.keepalive_closed;
      return;
    case Connection::Event::IdleBytes:
      ++result_.failures[static_cast<std::size_t>(FailureKind::Malformed)];
      sample("bytes on an idle connection");
      return;
    case Connection::Event::Finished:
      --running_;
      finish(lane);
      release(index, !lane.connection->outcome().ok);
      return;
  }
}

void Driver::finish(Lane& lane) {
  const auto now = Clock::now();
  auto& connection = *lane.connection;
  const auto& outcome = connection.outcome();
  result_.bytes_in += connection.body_bytes();
  answered_.store(answered_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  if (outcome.ok) {
    ++result_.ok;
    result_.latency.record(now - lane.due);
    result_.longest_gap = std::max(result_.longest_gap, std::chrono::nanoseconds(now - last_answer_));
    last_answer_ = now;
    if (outcome.closed_untold) {
      if (!lane.fresh) ++result_.keepalive_closed;
    } else if (!outcome.reusable && !lane.fresh) {
      ++result_.closed_as_told;
    }
    if (lane.fresh) connection.close();
    return;
  }
  ++result_.failures[static_cast<std::size_t>(outcome.kind)];
  const auto& shape = *connection.request().shape;
  sample(shape.method + " " + shape.target + (lane.fresh ? " (fresh): " : " (keep-alive): ") +
         name_of(outcome.kind) + ": " + outcome.detail);
  connection.close();
}

void Driver::release(std::size_t index, bool failed) {
  auto& lane = lanes_[index];
  if (stopping_) return;
  if (plan_.rate <= 0) {
    auto pause = std::chrono::duration_cast<Clock::duration>(plan_.pause);
    if (failed) pause = std::max<Clock::duration>(pause, kPauseAfterFailure);
    wakes_.push({Clock::now() + pause, index});
    return;
  }
  auto& backlog = backlog_[lane.fresh ? 1 : 0];
  if (backlog.empty()) {
    free_[lane.fresh ? 1 : 0].push_back(index);
    return;
  }
  // Through the queue and not at once: begin() may finish at once, and that would recurse.
  wakes_.push({backlog.front(), index});
  backlog.pop_front();
}

void Driver::time_out_slow(Clock::time_point now) {
  if (now < next_scan_) return;
  next_scan_ = now + kScanEvery;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    auto& connection = *lanes_[i].connection;
    if (connection.busy() && now - connection.since() > plan_.request_timeout)
      handle(i, connection.time_out());
  }
}

void Driver::sample(const std::string& text) {
  if (result_.samples.size() >= kMaxSamples) return;
  std::array<char, 32> at{};
  std::snprintf(at.data(), at.size(), "%.3f s  ",
                std::chrono::duration<double>(Clock::now() - started_).count());
  result_.samples.push_back(at.data() + text);
}

LoadResult Driver::take_result() {
  result_.probe = prober_->result();
  return std::move(result_);
}

}  // namespace berth::load
