#include "tests/conformance/judge.h"

#include <algorithm>
#include <cctype>

namespace berth::test {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// HAProxy writes the names of fields in small letters, which is its right.
bool has(const std::string& text, const std::string& part, Whose whose) {
  return whose == Whose::Berth ? has(text, part) : has(lower(text), lower(part));
}

std::string all_bytes(const Outcome& outcome) {
  std::string all;
  for (const SeenConnection& each : outcome.seen) all += each.bytes;
  return all;
}

std::size_t whole_requests(const Outcome& outcome) {
  std::size_t count = 0;
  for (const SeenConnection& each : outcome.seen) count += each.requests.size();
  return count;
}

bool has_rest(const Outcome& outcome) {
  return std::any_of(outcome.seen.begin(), outcome.seen.end(),
                     [](const SeenConnection& each) { return each.read != each.bytes.size(); });
}

const char* text_of(Ends ends) {
  switch (ends) {
    case Ends::Open:
      return "open";
    case Ends::Closed:
      return "closed";
    case Ends::CutOff:
      return "cut off";
    case Ends::Hangs:
      return "no end in time";
    case Ends::Any:
      break;
  }
  return "";
}

/// Of a peer any refusal counts, and that it closes a connection behind a whole answer is no fault.
bool answers_as_wanted(const Want& want, const Outcome& outcome, Whose whose) {
  if (outcome.status == want.status) return true;
  const bool refuses = outcome.status >= 400 || outcome.received.empty();
  return whose == Whose::Peer && refuses && (want.status >= 400 || want.ends == Ends::CutOff);
}

bool ends_as_wanted(const Want& want, const Outcome& outcome, Whose whose) {
  if (want.ends == Ends::Any) return outcome.ends != Ends::Hangs;
  if (want.ends == outcome.ends) return true;
  if (whose == Whose::Berth) return false;
  const bool over = outcome.ends == Ends::Closed || outcome.ends == Ends::CutOff;
  if (want.status >= 400) return over;
  return want.ends == Ends::CutOff ? outcome.status >= 500
                                   : want.ends == Ends::Open && outcome.ends == Ends::Closed;
}

void judge_answer(const Row& row, const Outcome& outcome, Whose whose, std::vector<std::string>& found) {
  const Want& want = row.want;
  if (!answers_as_wanted(want, outcome, whose))
    found.push_back("answered " + std::to_string(outcome.status) + ", not " + std::to_string(want.status));
  if (!ends_as_wanted(want, outcome, whose))
    found.push_back(std::string("the connection: ") + text_of(outcome.ends) + ", not " + text_of(want.ends));
  if (want.answer && outcome.answer != *want.answer) found.push_back("another body came to the client");
  for (const auto& each : want.answered)
    if (!has(outcome.received, each, whose)) found.push_back("the client did not get: " + each);
  for (const auto& each : want.withheld)
    if (has(lower(outcome.received), lower(each))) found.push_back("the client got: " + each);
}

void judge_passed(const Row& row, Manner manner, const Outcome& outcome, Whose whose,
                  std::vector<std::string>& found) {
  const Want& want = row.want;
  const std::string bytes = all_bytes(outcome);
  Reaches reaches = want.reaches;
  // Its head was in order and may be on its way already.
  const bool long_one = row.client.front().text.size() > 10'000;
  if (reaches == Reaches::Nothing && row.in_body &&
      (manner == Manner::Bytewise || whose == Whose::Peer || long_one))
    reaches = Reaches::Part;
  if (reaches == Reaches::Nothing && !bytes.empty()) found.push_back("something was passed on");
  if ((reaches == Reaches::Nothing || reaches == Reaches::Part) && whole_requests(outcome) > 0)
    found.push_back("a request was passed on");
  if (has(bytes, "smuggled")) found.push_back("what stood behind it was passed on");
  if (reaches == Reaches::Whole) {
    if (whole_requests(outcome) != want.requests)
      found.push_back(std::to_string(whole_requests(outcome)) + " requests were passed on, not " +
                      std::to_string(want.requests));
    if (has_rest(outcome)) found.push_back("bytes that are no request were passed on");
  }
  if (want.body) {
    const bool same = !outcome.seen.empty() && !outcome.seen.front().requests.empty() &&
                      outcome.seen.front().requests.front().body == *want.body;
    if (!same) found.push_back("another body came to the backend");
  }
  for (const auto& each : want.passed)
    if (!has(bytes, each, whose)) found.push_back("the backend did not get: " + each);
  for (const auto& each : want.removed)
    if (has(lower(bytes), lower(each))) found.push_back("the backend got: " + each);
  if (whose == Whose::Berth)
    for (const auto& each : want.only_berth)
      if (!has(bytes, each)) found.push_back("the backend did not get: " + each);
}

}  // namespace

std::vector<std::string> complaints(const Row& row, Manner manner, const Outcome& outcome, Whose whose) {
  std::vector<std::string> found;
  judge_answer(row, outcome, whose, found);
  judge_passed(row, manner, outcome, whose, found);
  if (!outcome.backend_done) found.push_back("the backend waits for what never came");
  if (!outcome.settled) found.push_back("the next client was not served rightly");
  return found;
}

std::string describe(const Outcome& outcome) {
  std::string text;
  for (const int status : outcome.statuses) text += (text.empty() ? "" : ", ") + std::to_string(status);
  if (outcome.statuses.empty()) text = "no answer";
  if (outcome.ends != Ends::Any) text += std::string(", ") + text_of(outcome.ends);
  const std::size_t count = whole_requests(outcome);
  if (count != 0)
    text += ", " + std::to_string(count) + (count == 1 ? " request" : " requests") + " passed on";
  else
    text += has_rest(outcome) ? ", a part passed on" : ", nothing passed on";
  return text;
}

}  // namespace berth::test
