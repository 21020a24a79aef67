#include "bench/load/web_sockets.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace berth::load {
namespace {

constexpr std::chrono::milliseconds kEvery{100};
constexpr std::chrono::milliseconds kReturn{10};
constexpr std::chrono::milliseconds kAfterFailure{100};
constexpr unsigned kNoCloseFrame = 1006;  // RFC 6455 §7.4.1
constexpr unsigned kNoCode = 1005;
constexpr int kSwitching = 101;
/// What the handshake says itself; a field of the plan's must not contradict it.
std::string beside_handshake(const std::string& fields) {
  return without_fields(fields,
                        {"connection", "upgrade", "expect", "sec-websocket-key", "sec-websocket-version"});
}
enum Opcode { kText = 1, kClose = 8, kPing = 9, kPong = 10 };

/// What a server sends at once is kept until it is whole: no more than this.
constexpr std::size_t kMaxFrame = 1024 * 1024;

/// A frame of a server: unmasked (§5.1).
struct Frame {
  int opcode = 0;
  bool final = true;
  std::string_view payload;
  std::size_t size = 0;  ///< with its head
};

/// What is wrong with the frame that begins here, as far as it has come: nullptr if nothing is (§5.2).
const char* fault_of_frame(std::string_view bytes) {
  if (bytes.empty()) return nullptr;
  const auto first = static_cast<unsigned char>(bytes[0]);
  const int opcode = first & 0x0f;
  if ((first & 0x70) != 0) return "a frame of an extension that was not agreed on";
  if ((opcode > 2 && opcode < kClose) || opcode > kPong) return "a frame of an unknown kind";
  if (bytes.size() < 2) return nullptr;
  const auto second = static_cast<unsigned char>(bytes[1]);
  if ((second & 0x80) != 0) return "a masked frame, which only a client sends";
  if (opcode >= kClose && ((first & 0x80) == 0 || second > 125))
    return "a control frame that is no single small one";
  return nullptr;
}

std::optional<Frame> frame_at(std::string_view bytes) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i]));
  };
  if (bytes.size() < 2) return std::nullopt;
  std::uint64_t length = byte(1) & 0x7f;
  std::size_t head = 2;
  const std::size_t more = length == 126 ? 2 : length == 127 ? 8 : 0;
  if (bytes.size() < head + more) return std::nullopt;
  if (more != 0) length = 0;
  for (std::size_t i = 0; i < more; ++i) length = length << 8 | byte(head + i);
  head += more;
  if (bytes.size() - head < length) return std::nullopt;
  return Frame{.opcode = static_cast<int>(byte(0) & 0x0f),
               .final = (byte(0) & 0x80) != 0,
               .payload = bytes.substr(head, length),
               .size = head + length};
}

}  // namespace

WebSockets::WebSockets(int epoll, std::uint64_t token, LongPlan plan, Tally& tally)
    : epoll_(epoll), token_(token), plan_(std::move(plan)), tally_(tally) {
  for (unsigned i = 0; i < plan_.lanes.lanes; ++i) lanes_.emplace_back();
  if (!lanes_.empty()) due_ = Clock::time_point::min();
}

void WebSockets::tick(Clock::time_point now) {
  if (now < due_) return;
  due_ = Clock::time_point::max();
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    auto& lane = lanes_[i];
    if (lane.due <= now) {
      lane.due = Clock::time_point::max();
      lane.wire.is_open() ? say(lane, now) : open(i, now);
    }
    due_ = std::min(due_, lane.due);
  }
}

void WebSockets::open(std::size_t index, Clock::time_point now) {
  auto& lane = lanes_[index];
  lane.in.clear();
  lane.reader.begin(false);
  lane.pending.clear();
  lane.upgraded = lane.over = false;
  const std::string request = "GET " + plan_.lanes.target + " HTTP/1.1\r\nHost: " + plan_.host +
                              "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n" +
                              beside_handshake(plan_.lanes.fields) + "\r\n";
  lane.due = now + plan_.timeout;  // for the answer's head
  if (!lane.wire.open(epoll_, token_ | index, plan_.address, request))
    failed(lane, lane.wire.kind(), lane.wire.why(), now);
}

void WebSockets::say(Lane& lane, Clock::time_point now) {
  if (!lane.upgraded) return failed(lane, FailureKind::Timeout, "no answer", now);
  lane.due = now + kEvery;
  if (!lane.pending.empty()) {  // a slow echo is waited for
    if (now - lane.said >= plan_.timeout) failed(lane, FailureKind::Timeout, "no echo", now);
    return;
  }
  if (stopping_) return;
  lane.said = now;
  lane.pending = "text " + std::to_string(++texts_) + " " + std::to_string(random_());
  ++figures_.sent;
  send_frame(lane, kText, lane.pending);
}

/// Masked, as a client must (§5.3); below 126 bytes.
void WebSockets::send_frame(Lane& lane, int opcode, std::string_view payload) {
  std::string bytes{static_cast<char>(0x80 | opcode), static_cast<char>(0x80 | payload.size())};
  const auto mask = static_cast<std::uint32_t>(random_());
  for (std::size_t i = 0; i < 4; ++i) bytes += static_cast<char>(mask >> 8 * i);
  for (std::size_t i = 0; i < payload.size(); ++i)
    bytes += static_cast<char>(payload[i] ^ static_cast<char>(mask >> 8 * (i % 4)));
  lane.wire.send(bytes);
}

void WebSockets::on_ready(std::uint64_t index, std::uint32_t events, Clock::time_point now) {
  auto& lane = lanes_[index];
  const bool goes_on = lane.wire.on_ready(events, lane.in);
  if (lane.over || (!lane.upgraded && !take_head(lane, now))) return;
  std::string_view rest = lane.in;
  while (lane.upgraded && take_frame(lane, rest, now)) {
  }
  lane.in.erase(0, lane.in.size() - rest.size());
  due_ = std::min(due_, lane.due);
  if (goes_on || lane.over) return;
  if (lane.upgraded) return ended(lane, kNoCloseFrame, now);
  failed(lane, lane.wire.kind(), lane.wire.why().empty() ? "closed before the answer" : lane.wire.why(), now);
}

/// False: the connection is over. An interim answer is read over.
bool WebSockets::take_head(Lane& lane, Clock::time_point now) {
  using State = ResponseReader::State;
  const std::string came = std::exchange(lane.in, {});
  const auto step = lane.reader.feed(came);
  if (lane.reader.state() == State::Head) return true;
  if (lane.reader.state() == State::Bad) {
    failed(lane, FailureKind::Malformed, lane.reader.error(), now);
    return false;
  }
  if (lane.reader.status() != kSwitching) {
    std::string_view head = lane.reader.head();
    failed(lane, failure_of_status(lane.reader.status()), std::string(next_line(head)), now);
    return false;
  }
  lane.in = came.substr(step.consumed);
  lane.upgraded = true;
  lane.due = now;
  ++(std::exchange(lane.opened_before, true) ? figures_.reconnects : figures_.connections);
  return true;
}

/// False: there is no further whole frame, or no connection any more.
bool WebSockets::take_frame(Lane& lane, std::string_view& rest, Clock::time_point now) {
  const auto frame = frame_at(rest);
  const char* fault = fault_of_frame(rest);
  if (fault == nullptr && !frame && rest.size() > kMaxFrame) fault = "a frame longer than a MiB";
  if (fault != nullptr) {
    failed(lane, FailureKind::Malformed, fault, now);
    return false;
  }
  if (!frame) return false;
  const std::string payload(frame->payload);
  rest.remove_prefix(frame->size);
  switch (frame->opcode) {
    case kClose: {
      const auto byte = [&](std::size_t i) {
        return static_cast<unsigned>(static_cast<unsigned char>(payload[i]));
      };
      send_frame(lane, kClose, std::string_view(payload).substr(0, 2));
      ended(lane, payload.size() < 2 ? kNoCode : byte(0) << 8 | byte(1), now);
      return false;
    }
    case kPing:
      send_frame(lane, kPong, std::string_view(payload).substr(0, 125));
      return true;
    case kPong:
      return true;
    default:
      take_echo(lane, payload, frame->final, now);
      return lane.wire.is_open();
  }
}

void WebSockets::take_echo(Lane& lane, const std::string& payload, bool whole, Clock::time_point now) {
  if (lane.pending.empty()) return;  // what a server says by itself
  if (payload == lane.pending && whole) {
    ++figures_.echoed;
  } else {
    ++figures_.wrong;
    tally_.failed(FailureKind::WrongBody, now, "WebSocket " + plan_.lanes.target + ": the echo differs");
  }
  lane.pending.clear();
  if (stopping_) again(lane, now);
}

void WebSockets::ended(Lane& lane, unsigned code, Clock::time_point now) {
  ++figures_.closes[code];
  if (!lane.pending.empty()) ++figures_.unanswered;
  // A Close frame says that the server was done; a text that a connection swallowed is a failure as a request
  // is.
  if (!lane.pending.empty() && code == kNoCloseFrame)
    tally_.failed(
        FailureKind::Reset, now,
        "WebSocket " + plan_.lanes.target + ": reset: ended without a Close frame and without the echo");
  again(lane, now + kReturn);
}

void WebSockets::again(Lane& lane, Clock::time_point at) {
  lane.pending.clear();
  lane.wire.close();
  lane.upgraded = false;
  lane.over = true;
  lane.due = stopping_ ? Clock::time_point::max() : at;
  due_ = std::min(due_, lane.due);
}

void WebSockets::failed(Lane& lane, FailureKind kind, const std::string& why, Clock::time_point now) {
  tally_.failed(kind, now, "WebSocket " + plan_.lanes.target + ": " + name_of(kind) + ": " + why);
  if (!lane.pending.empty()) ++figures_.unanswered;
  again(lane, now + kAfterFailure);
}

void WebSockets::stop() {
  stopping_ = true;
  for (auto& lane : lanes_) {
    if (lane.wire.is_open() && !lane.pending.empty()) continue;
    lane.wire.close();
    lane.due = Clock::time_point::max();
  }
}

bool WebSockets::waiting() const {
  return std::any_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return lane.wire.is_open(); });
}

}  // namespace berth::load
