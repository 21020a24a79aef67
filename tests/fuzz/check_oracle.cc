// What must hold of a check's answer for whatever bytes: it comes to the same however they are cut, nothing
// is kept beyond the bound, and what a strict reader finds whole has the status that the strict reader sees.
#include <algorithm>

#include "backend/check_answer.h"
#include "tests/fuzz/oracle.h"
#include "tests/fuzz/strict_reader.h"

namespace berth::fuzz {
namespace {

using backend::CheckAnswer;
using State = Message::State;

struct Outcome {
  CheckAnswer::State state = CheckAnswer::State::Going;
  int status = 0;
  std::string reason;
  std::string failure;
  std::size_t most_held = 0;
  bool operator==(const Outcome& other) const {
    return state == other.state && status == other.status && reason == other.reason &&
           failure == other.failure;
  }
};

Outcome read(std::string_view bytes, std::size_t first, std::size_t piece) {
  CheckAnswer answer;
  Outcome out;
  for (std::size_t size = first; !bytes.empty(); size = piece) {
    const auto part = bytes.substr(0, std::max<std::size_t>(size, 1));
    answer.take(part);
    bytes.remove_prefix(part.size());
    out.most_held = std::max(out.most_held, answer.held());
  }
  out.state = answer.end(true);
  out.status = answer.status();
  out.reason = answer.reason();
  out.failure = answer.failure();
  return out;
}

}  // namespace

Verdict try_check(std::string_view bytes) {
  Verdict verdict;
  if (bytes.size() < 2) return verdict;
  const auto first = static_cast<unsigned char>(bytes[0]);
  const auto piece = static_cast<unsigned char>(bytes[1]);
  bytes.remove_prefix(2);
  const Outcome whole = read(bytes, bytes.size(), bytes.size());
  const Outcome cut = read(bytes, first, piece);
  verdict.passed_on = whole.state == CheckAnswer::State::Whole;
  if (!(whole == cut)) {
    verdict.wrong = "in pieces it comes to something else: " + whole.failure + " / " + cut.failure;
  } else if (std::max(whole.most_held, cut.most_held) > CheckAnswer::kMostHead) {
    verdict.wrong = "more is kept than may be";
  } else if (whole.state == CheckAnswer::State::Going) {
    verdict.wrong = "it goes on behind its end";
  } else if (!verdict.passed_on && whole.failure.empty()) {
    verdict.wrong = "it is refused without a word";
  }
  if (!verdict.wrong.empty() || !verdict.passed_on) return verdict;
  Message meant = strict_response(bytes, false, true);
  while (meant.state == State::Whole && meant.status < 200 && meant.status != 101) {
    bytes.remove_prefix(meant.size);
    meant = strict_response(bytes, false, true);
  }
  if (meant.state == State::Whole && meant.status != whole.status) verdict.wrong = "the status differs";
  return verdict;
}

}  // namespace berth::fuzz
