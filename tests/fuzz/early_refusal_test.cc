// What is malformed is refused at the first octet after which nothing that follows makes a message of it: the
// messages of the conformance tables and the fuzzers' seeds, shown octet by octet. That something could still
// follow is shown by finding it, among the ends of messages that are sound.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "proxy/http/body_reader.h"
#include "proxy/http/field_text.h"
#include "proxy/http/head.h"
#include "proxy/http/head_watch.h"
#include "tests/conformance/rows.h"
#include "tests/fuzz/seeds.h"

using namespace berth;
using namespace berth::http;

namespace {

constexpr std::size_t kLongest = 1'000;  ///< messages about bounds are longer, and have tests of their own

std::vector<std::string> ends_of(const std::vector<std::string>& whole) {
  std::vector<std::string> ends;
  for (const std::string& each : whole)
    for (std::size_t at = 0; at < each.size(); ++at) ends.push_back(each.substr(at));
  return ends;
}

/// Whether one of `ends` makes `prefix` sound. The one that did so last is tried first.
bool can_go_on(const std::string& prefix, std::vector<std::string>& ends,
               const std::function<bool(const std::string&)>& is_sound) {
  const auto found =
      std::find_if(ends.begin(), ends.end(), [&](const std::string& end) { return is_sound(prefix + end); });
  if (found == ends.end()) return false;
  std::rotate(ends.begin(), found, found + 1);
  return true;
}

/// What a field means is judged when its line has ended, since how it is refused depends on all of it; and so
/// is the host in a target.
bool is_judged_later(const std::string& prefix) {
  if (prefix.starts_with("PRI *")) return true;      // the preface of HTTP/2 is read up to its version
  const std::size_t begin = prefix.rfind('\n') + 1;  // 0: the start line
  const std::string line = prefix.substr(begin);
  if (begin == 0) return line.find("://") != std::string::npos;
  return tag_of(line.substr(0, line.find(':'))) != FieldTag::Other && line.find(':') != std::string::npos;
}

struct HeadSide {
  bool requests;
  HeadWatch watch{requests ? HeadWatch::Kind::Request : HeadWatch::Kind::Response};
  RequestHead request{};
  ResponseHead response{};
  HeadError error{};

  HeadResult read(const std::string& bytes) {
    return requests ? read_request_head(bytes, {}, request, error)
                    : read_response_head(bytes, {}, false, response, error);
  }

  void check(const std::string& text, std::vector<std::string>& ends) {
    CAPTURE(text);
    watch.restart();
    for (std::size_t n = 1; n <= text.size(); ++n) {
      const std::string prefix = text.substr(0, n);
      CAPTURE(n);
      const HeadResult result = read(prefix);
      // As a connection does it: only where reading can tell more.
      const bool worth = watch.worth_reading(prefix, 64 * 1024);
      CHECK((worth || result == HeadResult::NeedMore));
      watch.was_read(result, prefix);
      if (result == HeadResult::Complete) return;
      if (result == HeadResult::Bad) {
        CHECK(read(text) == HeadResult::Bad);
        return;
      }
      if (is_judged_later(prefix)) continue;
      CHECK(can_go_on(prefix, ends,
                      [this](const std::string& whole) { return read(whole) == HeadResult::Complete; }));
    }
  }
};

/// Chunks, and what has become of them when all of `bytes` were shown at once.
struct Walked {
  bool bad = false;
  bool done = false;
  std::size_t take = 0;
};

Walked walk(const std::string& bytes) {
  BodyReader reader;
  reader.start(Framing::Chunked, 0, 64 * 1024, Trailers::OfClient);
  const BodyStep step = reader.feed(bytes);
  return {step.bad, reader.done(), step.take};
}

void check_chunks(const std::string& text, std::vector<std::string>& ends) {
  CAPTURE(text);
  BodyReader bytewise;
  bytewise.start(Framing::Chunked, 0, 64 * 1024, Trailers::OfClient);
  std::string pending;
  for (std::size_t n = 1; n <= text.size(); ++n) {
    const std::string prefix = text.substr(0, n);
    CAPTURE(n);
    const Walked walked = walk(prefix);
    pending += text[n - 1];
    const BodyStep step = bytewise.feed(pending);
    pending.erase(0, step.take);
    CHECK(step.bad == walked.bad);
    CHECK(bytewise.done() == walked.done);
    if (walked.bad) {
      CHECK(walk(text).bad);
      return;
    }
    if (walked.done) return;
    // A chunk too large to be written down here is sound where its data may begin.
    CHECK(can_go_on(prefix, ends, [&](const std::string& whole) {
      const Walked all = walk(whole);
      return !all.bad && (all.done || all.take > prefix.size());
    }));
  }
}

std::vector<std::string> said(bool by_client) {
  std::vector<std::string> texts;
  for (const test::Group& group : test::all_groups())
    for (const test::Row& row : group.rows)
      for (const test::Step& step : by_client ? row.client : row.backend)
        if (step.what == test::Step::Do::Say) texts.push_back(step.text);
  for (const std::string& seed : by_client ? fuzz::request_seeds() : fuzz::response_seeds())
    texts.push_back(seed.substr(std::min<std::size_t>(seed.size(), 2)));
  // Shown for hours by somebody who means it.
  for (const char* more :
       {"GET / \r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/1.1 \r\n\r\n", "GET / HTTP/1.\r\n\r\n", "get\r\n",
        "GET / http/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/3\r\n\r\n", "GET /\x01 HTTP/1.1\r\n\r\n", "HTTP/1.1 099 no\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20x\r\n\r\n"})
    texts.emplace_back(more);
  std::erase_if(texts, [](const std::string& text) { return text.size() > kLongest; });
  return texts;
}

}  // namespace

TEST_CASE("early refusal: a malformed head of a request is refused where it can be known") {
  HeadSide side{.requests = true};
  auto ends = ends_of({"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n", "OPTIONS * HTTP/1.0\r\nHost: a\r\n\r\n",
                       "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET https://a/ HTTP/1.0\r\n\r\n"});
  for (const std::string& text : said(true)) side.check(text.substr(text.starts_with("\r\n") ? 2 : 0), ends);
}

TEST_CASE("early refusal: a malformed head of a response is refused where it can be known") {
  HeadSide side{.requests = false};
  auto ends = ends_of({"HTTP/1.1 200 OK\r\nX: y\r\n\r\n", "HTTP/1.0 404\r\n\r\n"});
  for (const std::string& text : said(false)) side.check(text, ends);
}

TEST_CASE("early refusal: malformed chunks and trailers are refused where it can be known") {
  auto ends = ends_of({"5;a=b;c=\"d\\\"e\" ; f\r\nhello\r\n0;g\r\nX: y\r\n\r\n", "1;a=b;c=\"d\"\r\nx"});
  for (std::size_t n = 0; n < 40; ++n) ends.push_back(std::string(n, 'x') + "\r\n0\r\n\r\n");
  std::vector<std::string> bodies{"0\n\r\n",
                                  "0\r\n\n",
                                  "5\r\nhello\n",
                                  "0\r\nX\r\n\r\n",
                                  "0\r\nHost: a\r\n\r\n",
                                  "8000000000000000\r\n",
                                  "7fffffffffffffff\r\n",
                                  "5 \r\nhello\r\n",
                                  "5;\r\n"};
  for (const bool by_client : {true, false})
    for (const std::string& text : said(by_client))
      if (const std::size_t end = text.find("chunked\r\n\r\n"); end != std::string::npos)
        bodies.push_back(text.substr(end + 11));
  CHECK(bodies.size() > 60);
  for (const std::string& body : bodies) check_chunks(body, ends);
}
