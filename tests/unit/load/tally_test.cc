// The counting of a run, with times given: seconds, windows with their tails, gaps, steady and around.
#include "bench/load/tally.h"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using namespace berth::load;

namespace {

/// A tally whose clock is in the test's hand: milliseconds from the begin.
struct Timed {
  Tally::Clock::time_point begin = Tally::Clock::time_point() + 1h;
  Tally tally{begin, 500ms};

  Tally::Clock::time_point at(int ms) const { return begin + std::chrono::milliseconds(ms); }
  void answer(int ms, std::chrono::milliseconds took = 1ms) {
    tally.answered(RequestKind::Get, took, at(ms));
  }
  void fail(int ms, FailureKind how = FailureKind::Reset) {
    tally.failed(RequestKind::Post, how, at(ms), "what");
  }
};

}  // namespace

TEST_CASE("tally: a run is counted as a whole, by kind and by second, seconds of nothing too") {
  Timed t;
  t.answer(100, 5ms);
  t.answer(999, 15ms);
  t.answer(1000, 1ms);  // the next second's
  t.fail(1500);
  t.fail(1500, FailureKind::Timeout);
  t.answer(3200);
  t.tally.failed(FailureKind::WrongBody, t.at(3300), "a WebSocket's");
  CHECK(t.tally.failures() == 3);
  const auto result = t.tally.finish(t.at(3400));
  CHECK(result.ok == 4);
  CHECK(result.failed() == 3);
  CHECK(result.failed(FailureKind::Timeout) == 1);
  CHECK(result.samples ==
        std::vector<std::string>{"1.500 s  what (2 times, the last at 1.500 s)", "3.300 s  a WebSocket's"});
  REQUIRE(result.seconds.size() == 4);
  const auto second = [&](std::size_t i, std::uint64_t requests, std::uint64_t failed) {
    INFO(i);
    CHECK(result.seconds[i].second == i);
    CHECK(result.seconds[i].requests == requests);
    CHECK(result.seconds[i].failed() == failed);
  };
  second(0, 2, 0);
  second(1, 3, 2);
  second(2, 0, 0);
  second(3, 1, 1);  // what is no request's counts as a failure, and as no request
  CHECK(result.seconds[0].max == 15ms);
  CHECK(result.seconds[2].max == 0ms);
  const auto& get = result.kinds[static_cast<std::size_t>(RequestKind::Get)];
  const auto& post = result.kinds[static_cast<std::size_t>(RequestKind::Post)];
  CHECK(get.requests == 4);
  CHECK(get.failed == 0);
  CHECK(get.latency.count() == 4);
  CHECK(post.requests == 2);
  CHECK(post.failed == 2);
}

TEST_CASE("tally: failures that are the same are one sample, and different ones are kept up to a number") {
  Timed t;
  for (int i = 0; i < 100; ++i) t.tally.failed(FailureKind::Reset, t.at(10 * i), "the same");
  for (int i = 0; i < 100; ++i) t.tally.failed(FailureKind::Reset, t.at(2000), std::to_string(i));
  t.tally.failed(FailureKind::Reset, t.at(2500), "the same");
  const auto result = t.tally.finish(t.at(3000));
  CHECK(result.failed() == 201);
  REQUIRE(result.samples.size() == 32);
  CHECK(result.samples[0] == "0.000 s  the same (101 times, the last at 2.500 s)");
  CHECK(result.samples[31] == "2.000 s  30");
}

TEST_CASE("tally: a second that is over by the end is there even if nothing came in it") {
  Timed t;
  CHECK(t.tally.finish(t.at(2000)).seconds.size() == 2);
  Timed none;
  CHECK(none.tally.finish(none.at(300)).seconds.size() == 1);
}

TEST_CASE("tally: the longest gap lies between right answers, the begin and the end counted as such") {
  Timed first;
  first.answer(400);
  first.answer(500);
  CHECK(first.tally.finish(first.at(600)).longest_gap == 400ms);

  Timed middle;
  middle.answer(100);
  middle.fail(300);  // no right answer: the gap goes on
  middle.answer(500);
  const auto result = middle.tally.finish(middle.at(700));
  CHECK(result.longest_gap == 400ms);
  CHECK(result.longest_gap_at == 100ms);

  Timed last;
  last.answer(100);
  last.fail(900);
  const auto at_end = last.tally.finish(last.at(1000));
  CHECK(at_end.longest_gap == 900ms);
  CHECK(at_end.longest_gap_at == 100ms);

  Timed none;
  CHECK(none.tally.finish(none.at(1200)).longest_gap == 1200ms);
}

TEST_CASE("tally: a window has its tail, and steady and around are the two parts of the whole") {
  Timed t;
  t.answer(90, 1ms);
  t.tally.begin_window(t.at(100));
  t.answer(150, 20ms);
  t.fail(180);
  t.tally.end_window(t.at(200));
  t.answer(699, 30ms);  // within the tail
  t.answer(700, 2ms);   // behind it
  t.fail(800);
  const auto result = t.tally.finish(t.at(900));
  REQUIRE(result.windows.size() == 1);
  const auto& window = result.windows[0];
  CHECK(window.begin == 100ms);
  CHECK(window.end == 200ms);
  CHECK(window.requests == 3);
  CHECK(window.failed == 1);
  CHECK(window.latency.count == 2);
  CHECK(window.latency.max == 30ms);
  CHECK(window.longest_gap == 549ms);
  CHECK(result.around.count() == 2);
  CHECK(result.around.max() == 30ms);
  CHECK(result.steady.count() == 2);
  CHECK(result.steady.max() == 2ms);
  CHECK(result.latency.count() == 4);
  CHECK(result.latency.max() == 30ms);
}

TEST_CASE("tally: a gap that begins in a window is that window's, however long it goes on") {
  Timed ends;
  ends.answer(100);
  ends.tally.begin_window(ends.at(110));
  ends.tally.end_window(ends.at(120));
  ends.answer(2100);
  ends.answer(9000);  // a later one is nobody's
  const auto result = ends.tally.finish(ends.at(9001));
  REQUIRE(result.windows.size() == 1);
  CHECK(result.windows[0].longest_gap == 2000ms);
  CHECK(result.longest_gap == 6900ms);

  Timed never;
  never.answer(100);
  never.tally.begin_window(never.at(110));
  never.tally.end_window(never.at(120));
  CHECK(never.tally.finish(never.at(3000)).windows.at(0).longest_gap == 2900ms);
}

TEST_CASE("tally: windows that follow each other at once, and one that is open at the end") {
  Timed t;
  t.tally.begin_window(t.at(100));
  t.answer(110);
  t.tally.end_window(t.at(120));
  t.tally.begin_window(t.at(200));  // within the tail of the first
  t.answer(210);
  t.answer(220);
  const auto result = t.tally.finish(t.at(300));
  REQUIRE(result.windows.size() == 2);
  CHECK(result.windows[0].requests == 1);
  CHECK(result.windows[0].end == 120ms);
  CHECK(result.windows[0].longest_gap == 110ms);
  CHECK(result.windows[1].begin == 200ms);
  CHECK(result.windows[1].end == 300ms);
  CHECK(result.windows[1].requests == 2);
  CHECK(result.windows[1].longest_gap == 100ms);
  CHECK(result.steady.count() == 0);
}

TEST_CASE("tally: the last whole second is told while the run goes on") {
  Timed t;
  t.answer(100);
  t.answer(200);
  t.tally.tick(t.at(900));
  CHECK(t.tally.last_second().requests == 0);
  t.tally.tick(t.at(1000));
  CHECK(t.tally.last_second().requests == 2);
  t.tally.tick(t.at(2500));
  CHECK(t.tally.last_second().requests == 0);
}
