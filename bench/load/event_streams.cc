#include "bench/load/event_streams.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace berth::load {
namespace {

constexpr std::chrono::milliseconds kReturn{10};  ///< behind a stream that has ended
constexpr std::chrono::milliseconds kAfterFailure{100};

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

void EventReader::restart() {
  line_.clear();
  at_start_ = true;
  after_cr_ = false;
  begun_ = false;
  id_.reset();
}

void EventReader::feed(std::string_view text, EventFigures& figures) {
  while (!text.empty() && !overlong()) {
    if (std::exchange(after_cr_, false) && text.front() == '\n') {
      text.remove_prefix(1);
      continue;
    }
    const auto end = text.find_first_of("\r\n");
    line_.append(text.substr(0, end));
    if (end == std::string_view::npos || overlong()) return;
    after_cr_ = text[end] == '\r';
    text.remove_prefix(end + 1);
    if (std::exchange(at_start_, false) && line_.starts_with("\xef\xbb\xbf")) line_.erase(0, 3);
    line(figures);
    line_.clear();
  }
}

void EventReader::line(EventFigures& figures) {
  if (line_.empty()) return dispatch(figures);
  if (line_.front() == ':') return;  // a comment
  begun_ = true;
  if (line_.starts_with("id:")) id_ = line_.substr(line_.size() > 3 && line_[3] == ' ' ? 4 : 3);
}

void EventReader::dispatch(EventFigures& figures) {
  if (begun_) ++figures.received;
  begun_ = false;
  if (!id_) return;
  last_id_ = *std::exchange(id_, std::nullopt);
  const auto number = number_in(last_id_);
  if (!number) {
    highest_.reset();
    return;
  }
  if (highest_ && *number > *highest_ + 1) figures.gaps += *number - *highest_ - 1;
  if (highest_ && *number <= *highest_) ++figures.repeats;
  highest_ = std::max(*number, highest_.value_or(*number));
}

EventStreams::EventStreams(int epoll, std::uint64_t token, LongPlan plan, Tally& tally)
    : epoll_(epoll), token_(token), plan_(std::move(plan)), tally_(tally) {
  for (unsigned i = 0; i < plan_.lanes.lanes; ++i) again(lanes_.emplace_back(), Clock::time_point::min());
}

void EventStreams::again(Lane& lane, Clock::time_point at) {
  lane.due = at;
  due_ = std::min(due_, at);
}

void EventStreams::tick(Clock::time_point now) {
  if (now < due_) return;
  due_ = Clock::time_point::max();
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (auto& lane = lanes_[i]; lane.due <= now)
      lane.wire.is_open() ? failed(lane, FailureKind::Timeout, "no answer", now) : open(i, now);
    due_ = std::min(due_, lanes_[i].due);
  }
}

void EventStreams::open(std::size_t index, Clock::time_point now) {
  auto& lane = lanes_[index];
  again(lane, now + plan_.timeout);  // for the answer's head
  lane.answered = false;
  lane.events.restart();
  lane.reader.begin(false);
  std::string request = "GET " + plan_.lanes.target + " HTTP/1.1\r\nHost: " + plan_.host +
                        "\r\nAccept: text/event-stream\r\nCache-Control: no-cache\r\n" +
                        without_fields(plan_.lanes.fields, {"expect"});
  if (!lane.events.last_id().empty()) request += "Last-Event-ID: " + lane.events.last_id() + "\r\n";
  if (!lane.wire.open(epoll_, token_ | index, plan_.address, request + "\r\n"))
    failed(lane, lane.wire.kind(), lane.wire.why(), now);
}

void EventStreams::failed(Lane& lane, FailureKind kind, const std::string& why, Clock::time_point now) {
  tally_.failed(kind, now, "event stream " + plan_.lanes.target + ": " + name_of(kind) + ": " + why);
  lane.wire.close();
  again(lane, now + kAfterFailure);
}

void EventStreams::on_ready(std::uint64_t index, std::uint32_t events, Clock::time_point now) {
  auto& lane = lanes_[index];
  in_.clear();
  const bool goes_on = lane.wire.on_ready(events, in_);
  std::string_view bytes = in_;
  while (!bytes.empty() && lane.reader.state() < ResponseReader::State::Done) {
    const auto step = lane.reader.feed(bytes);
    bytes.remove_prefix(step.consumed);
    if (lane.reader.state() == ResponseReader::State::Bad)
      return failed(lane, FailureKind::Malformed, lane.reader.error(), now);
    if (!lane.answered && lane.reader.state() != ResponseReader::State::Head) {
      const int status = lane.reader.status();
      if (status != 200) return failed(lane, failure_of_status(status), std::to_string(status), now);
      lane.answered = true;
      lane.due = Clock::time_point::max();
      ++(std::exchange(lane.opened_before, true) ? figures_.reconnects : figures_.streams);
    }
    lane.events.feed(step.body, figures_);
    if (lane.events.overlong())
      return failed(lane, FailureKind::Malformed, "a line of the stream is longer than a MiB", now);
  }
  const bool whole = lane.reader.state() == ResponseReader::State::Done;
  if (goes_on && !whole) return;
  if (!whole && !lane.answered)
    return failed(lane, lane.wire.kind(),
                  lane.wire.why().empty() ? "closed before the answer" : lane.wire.why(), now);
  if (!lane.events.at_boundary())
    return failed(lane, FailureKind::Truncated, "the stream ended within an event", now);
  lane.wire.close();
  again(lane, now + kReturn);
}

void EventStreams::stop() {
  for (auto& lane : lanes_) lane.wire.close();
  due_ = Clock::time_point::max();
}

}  // namespace berth::load
