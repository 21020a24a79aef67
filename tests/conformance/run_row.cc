#include "tests/conformance/run_row.h"

#include <charconv>

#include "bench/load/response_reader.h"
#include "tests/support/raw_client.h"

namespace berth::test {
namespace {

using Clock = std::chrono::steady_clock;
using State = load::ResponseReader::State;

constexpr std::string_view kSettle =
    "GET /settle HTTP/1.1\r\nHost: settle.test\r\nConnection: keep-alive\r\n\r\n";
constexpr std::string_view kLastSettle =
    "GET /settle HTTP/1.1\r\nHost: settle.test\r\nConnection: close\r\n\r\n";

/// What the bytes are to a client: the first final answer, and whether it is whole.
void read_answer(const Row& row, Outcome& outcome, bool ended_in_order) {
  load::ResponseReader reader;
  reader.begin(row.to_head);
  std::string_view rest = outcome.received;
  outcome.answer.clear();
  while (!rest.empty() && reader.state() < State::Done) {
    const auto step = reader.feed(rest);
    outcome.answer.append(step.body);
    rest.remove_prefix(step.consumed);
  }
  outcome.status = reader.status() >= 200 ? reader.status() : 0;
  outcome.complete = reader.state() == State::Done ||
                     (reader.state() == State::Body && ended_in_order && reader.end_of_stream());
}

std::vector<int> statuses_in(std::string_view bytes) {
  std::vector<int> found;
  for (std::size_t at = 0; (at = bytes.find("HTTP/1.", at)) != std::string_view::npos; ++at) {
    int status = 0;
    const std::string_view text = bytes.substr(std::min(at + 9, bytes.size()), 3);
    std::from_chars(text.data(), text.data() + text.size(), status);
    if (at == 0 || bytes[at - 1] == '\n') found.push_back(status);
  }
  return found;
}

/// The client's part of a row.
class RowClient {
 public:
  RowClient(const Row& row, std::uint16_t port, Patience patience)
      : row_(row), client_(port), patience_(patience) {}

  void act(Manner manner, RecordingBackend& backend) {
    for (const Step& step : row_.client) {
      switch (step.what) {
        case Step::Do::Say:
          say(step.text, manner);
          break;
        case Step::Do::Hear:
          hear(step.text);
          break;
        case Step::Do::Backend:
          backend.wait_done(patience_.wait);
          break;
        case Step::Do::Finish:
          client_.finish_sending();
          finished_ = true;
          break;
        case Step::Do::Request:
        case Step::Do::Reset:
        case Step::Do::End:
          break;
      }
    }
  }

  /// Waits for what the row wants to come of the connection.
  Outcome outcome() {
    Outcome outcome;
    const auto end = Clock::now() + patience_.wait;
    const bool open = row_.want.ends == Ends::Open;
    for (;;) {
      outcome.received = client_.unread();
      const bool in_order = client_.closed() && !client_.reset();
      read_answer(row_, outcome, in_order);
      if (client_.closed() || ((open || row_.want.ends == Ends::Any) && outcome.complete)) break;
      if (!client_.read_more(end)) {
        if (!client_.closed()) break;
      }
    }
    outcome.statuses = statuses_in(outcome.received);
    outcome.ends = how_it_ended(outcome);
    return outcome;
  }

 private:
  void say(std::string_view text, Manner manner) {
    if (manner == Manner::Whole) {
      client_.send(text);
      return;
    }
    for (const char& each : text)
      if (!client_.send({&each, 1})) return;
  }

  void hear(std::string_view text) {
    const auto end = Clock::now() + patience_.wait;
    std::size_t at = 0;
    while ((at = client_.unread().find(text, heard_)) == std::string_view::npos)
      if (!client_.read_more(end)) return;
    heard_ = at + text.size();
  }

  /// An open connection is one that carries another request, rightly answered.
  Ends how_it_ended(const Outcome& outcome) {
    if (client_.closed()) return outcome.complete && !client_.reset() ? Ends::Closed : Ends::CutOff;
    if (row_.want.ends != Ends::Open || finished_) return outcome.complete ? Ends::Any : Ends::Hangs;
    const std::size_t before = client_.unread().size();
    client_.send(kSettle);
    const auto end = Clock::now() + patience_.wait;
    while (!client_.unread().substr(before).ends_with("settled"))
      if (!client_.read_more(end)) return client_.closed() ? Ends::Closed : Ends::Hangs;
    return client_.unread().substr(before).starts_with("HTTP/1.1 200") ? Ends::Open : Ends::Hangs;
  }

  const Row& row_;
  RawClient client_;
  Patience patience_;
  std::size_t heard_ = 0;
  bool finished_ = false;
};

bool settles(std::uint16_t port, Patience patience) {
  RawClient client(port);
  client.send(kLastSettle);
  return client.read_response(false, patience.wait).body == "settled";
}

}  // namespace

Outcome run_row(const Row& row, Manner manner, std::uint16_t port, RecordingBackend& backend,
                Patience patience) {
  backend.begin(row.backend);
  Outcome outcome;
  {
    RowClient client(row, port, patience);
    client.act(manner, backend);
    outcome = client.outcome();
    outcome.backend_done = backend.wait_done(patience.wait);
    outcome.settled = settles(port, patience);
    outcome.seen = backend.seen();
  }
  backend.end();
  return outcome;
}

}  // namespace berth::test
