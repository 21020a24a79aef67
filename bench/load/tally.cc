#include "bench/load/tally.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace berth::load {
namespace {

constexpr std::size_t kMaxSamples = 32;

std::uint64_t sum(const FailureCounts& failures) {
  std::uint64_t all = 0;
  for (const auto count : failures) all += count;
  return all;
}

}  // namespace

LatencyFigures LatencyFigures::of(const Histogram& histogram) {
  return {.count = histogram.count(),
          .min = histogram.min(),
          .mean = histogram.mean(),
          .p50 = histogram.percentile(50),
          .p90 = histogram.percentile(90),
          .p99 = histogram.percentile(99),
          .p999 = histogram.percentile(99.9),
          .max = histogram.max()};
}

std::uint64_t SecondFigures::failed() const { return sum(failures); }
std::uint64_t LoadResult::failed() const { return sum(failures); }

Tally::Tally(Clock::time_point started, std::chrono::milliseconds window_tail)
    : started_(started),
      tail_(window_tail),
      next_(started + std::chrono::seconds(1)),
      second_ends_(next_),
      last_answer_(started),
      window_closed_(started) {}

void Tally::answered(RequestKind kind, Clock::duration took, Clock::time_point now) {
  tick(now);
  ++result_.ok;
  ++second_.requests;
  second_latency_.record(took);
  auto& of_kind = result_.kinds[static_cast<std::size_t>(kind)];
  ++of_kind.requests;
  of_kind.latency.record(took);
  gap(now);
  last_answer_ = now;
  if (state_ == Window::None) {
    result_.steady.record(took);
  } else {
    ++window_.requests;
    window_latency_.record(took);
  }
}

void Tally::failed(RequestKind kind, FailureKind how, Clock::time_point now, const std::string& what) {
  failed(how, now, what);
  ++second_.requests;
  if (state_ != Window::None) ++window_.requests;
  auto& of_kind = result_.kinds[static_cast<std::size_t>(kind)];
  ++of_kind.requests;
  ++of_kind.failed;
}

void Tally::failed(FailureKind how, Clock::time_point now, const std::string& what) {
  tick(now);
  ++result_.failures[static_cast<std::size_t>(how)];
  ++second_.failures[static_cast<std::size_t>(how)];
  ++failures_;
  if (state_ != Window::None) ++window_.failed;
  const auto same =
      std::find_if(samples_.begin(), samples_.end(), [&](const Sample& each) { return each.what == what; });
  if (same != samples_.end()) {
    same->last = now;
    ++same->count;
  } else if (samples_.size() < kMaxSamples) {
    samples_.push_back({.first = now, .last = now, .what = what});
  }
}

std::string Tally::sample_text(const Sample& sample, Clock::time_point started) {
  const auto at = [&](Clock::time_point time) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.3f s", std::chrono::duration<double>(time - started).count());
    return std::string(text.data());
  };
  std::string first = at(sample.first) + "  " + sample.what;
  if (sample.count == 1) return first;
  return first + " (" + std::to_string(sample.count) + " times, the last at " + at(sample.last) + ")";
}

void Tally::gap(Clock::time_point now) {
  const auto since = now - last_answer_;
  if (since > result_.longest_gap) {
    result_.longest_gap = since;
    result_.longest_gap_at = last_answer_ - started_;
  }
  if (state_ != Window::None) {
    window_.longest_gap = std::max<std::chrono::nanoseconds>(window_.longest_gap, since);
  } else if (last_answer_ < window_closed_) {
    // What began in a window is that window's, however long it goes on.
    auto& window = result_.windows.back();
    window.longest_gap = std::max<std::chrono::nanoseconds>(window.longest_gap, since);
  }
}

void Tally::roll(Clock::time_point now) {
  while (second_ends_ <= now) close_second();
  if (state_ == Window::Tail && window_ends_ <= now) close_window(window_ends_);
  next_ = state_ == Window::Tail ? std::min(second_ends_, window_ends_) : second_ends_;
}

void Tally::close_second() {
  second_.p50 = second_latency_.percentile(50);
  second_.p99 = second_latency_.percentile(99);
  second_.max = second_latency_.max();
  result_.seconds.push_back(second_);
  last_ = second_;
  if (second_latency_.count() != 0) second_latency_.clear();
  second_ = {};
  second_.second = static_cast<unsigned>(result_.seconds.size());
  second_ends_ += std::chrono::seconds(1);
}

void Tally::begin_window(Clock::time_point now) {
  roll(now);
  if (state_ != Window::None) close_window(now);
  state_ = Window::Open;
  window_.begin = now - started_;
}

void Tally::end_window(Clock::time_point now) {
  if (state_ != Window::Open) return;
  roll(now);
  state_ = Window::Tail;
  window_.end = now - started_;
  window_ends_ = now + tail_;
  next_ = std::min(next_, window_ends_);
}

void Tally::close_window(Clock::time_point at) {
  gap(at);
  state_ = Window::None;
  window_closed_ = at;
  window_.latency = LatencyFigures::of(window_latency_);
  result_.around.merge(window_latency_);
  result_.windows.push_back(window_);
  window_latency_.clear();
  window_ = {};
}

LoadResult Tally::finish(Clock::time_point now) {
  roll(now);
  gap(now);
  if (state_ == Window::Open) end_window(now);
  if (state_ == Window::Tail) close_window(now);
  if (second_.requests != 0 || result_.seconds.empty()) close_second();
  for (const Sample& sample : samples_) result_.samples.push_back(sample_text(sample, started_));
  result_.latency = result_.steady;
  result_.latency.merge(result_.around);
  return std::move(result_);
}

}  // namespace berth::load
