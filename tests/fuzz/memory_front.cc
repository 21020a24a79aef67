#include "tests/fuzz/memory_front.h"

#include <utility>

#include "tests/fuzz/strict_reader.h"

namespace berth::fuzz {

MemoryFront::MemoryFront(const Pieces& pieces)
    : pieces_(pieces),
      route_(loop_, "web", {.user = {}, .most_connections = 8, .connector = &MemoryFront::connect}, held_),
      client_(loop_, fate_) {
  current_ = this;
  client_.memory().most_per_read = pieces.read;
  route_.switch_to(Generation{1}, Endpoint::loopback_v4(1));
}

MemoryFront::~MemoryFront() { current_ = nullptr; }

std::unique_ptr<route::Upstream> MemoryFront::connect(loop::Loop&, route::Target& target) {
  Connection& made = current_->connections_.emplace_back(current_->fate_);
  made.script.stream.most_per_read = current_->pieces_.read;
  return std::make_unique<test::MemoryUpstream>(target, made.script, current_->fate_);
}

void MemoryFront::serve(std::string_view bytes) {
  while (exchange(bytes) && end_ == http::Exchange::End::KeepAlive) {
    view_ = std::string(client_.pending().view()) + client_.memory().input;
    client_.pending().reset();
    bytes = view_;
  }
}

/// One of them, as a session reads its head. False: there is none, or it did not end.
bool MemoryFront::exchange(std::string_view bytes) {
  std::string all(bytes.starts_with("\r\n") ? bytes.substr(2) : bytes);
  http::HeadError error;
  const auto result = http::read_request_head(all, client_.head_limits(), client_.heads().request, error);
  if (result != http::HeadResult::Complete) return false;
  end_.reset();
  const std::size_t first = std::min(all.size(), client_.heads().request.raw.size() + pieces_.with_head);
  client_.memory().input = all.substr(first);
  client_.memory().ended = true;
  // The head's views must point into what the exchange is shown.
  view_ = all.substr(0, first);
  if (http::read_request_head(view_, client_.head_limits(), client_.heads().request, error) !=
      http::HeadResult::Complete)
    return false;
  task_ = run();
  task_.start();
  for (int turns = 0; turns < 100'000 && !end_; ++turns)
    if (!turn()) return false;
  return end_.has_value();
}

bool MemoryFront::turn() {
  bool moved = false;
  const auto wake = [&](loop::Gate& gate, loop::Wakes bits) {
    if (bits == 0 || end_) return;
    moved = true;
    gate.raise(bits);
  };
  wake(client_.gate(), client_.memory().ready());
  for (Connection& each : connections_) {
    test::MemoryStream& stream = each.script.stream;
    if (raw && each.answered == 0 && !stream.output.empty()) {
      each.answered = 1;
      stream.input = answer;
      stream.ended = true;
    }
    while (!raw) {
      const Message message = strict_request(std::string_view(stream.output).substr(each.answered));
      if (message.state != Message::State::Whole) break;
      each.answered += message.size;
      stream.input += answer;
    }
    if (each.script.gate != nullptr) wake(*each.script.gate, stream.ready() << 3);
  }
  loop_.io().restart();
  return loop_.io().poll() != 0 || moved;
}

loop::Task<> MemoryFront::run() {
  auto exchange = http::serve_exchange(client_, route_, view_);
  const http::Exchange::End how = co_await exchange;
  end_ = how;
}

std::vector<std::string> MemoryFront::sent() const {
  std::vector<std::string> all;
  for (const Connection& each : connections_) all.push_back(each.script.stream.output);
  return all;
}

}  // namespace berth::fuzz
