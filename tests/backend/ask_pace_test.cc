// How often a starting server is asked, told by a clock that the test turns.
#include "backend/ask_pace.h"

#include <doctest/doctest.h>

using namespace berth::backend;
using namespace std::chrono_literals;

namespace {

const AskPace::Clock::time_point kBegan{};

AskPace requests(std::uint32_t successes = 1) { return {AskPace::Question::Request, successes, kBegan}; }

}  // namespace

TEST_CASE("pace: the pause is a twentieth of the start so far, within 2 and 100 ms") {
  const auto pace = requests();
  CHECK(pace.pause(kBegan) == 2ms);
  CHECK(pace.pause(kBegan + 1s) == 50ms);
  CHECK(pace.pause(kBegan + 60s) == 100ms);
}

TEST_CASE("pace: only a question that has used its whole time up is given more, up to a minute") {
  auto pace = requests();
  CHECK(pace.ask(kBegan) == 5s);
  pace.failed(kBegan + 4s);
  auto now = kBegan + 4s;
  for (const auto time : {5s, 10s, 20s, 40s, 60s, 60s}) {
    CHECK(pace.ask(now) == time);
    now += time;
    pace.failed(now);
  }
}

TEST_CASE("pace: enough is so many good answers in a row") {
  auto pace = requests(3);
  CHECK(pace.passed() == 100ms);
  CHECK(pace.standing("GET / 200") == "GET / 200, of 3");
  CHECK(pace.passed() == 100ms);
  CHECK(pace.standing("GET / 200") == "GET / 200, 2 in a row, of 3");
  pace.failed(kBegan);
  pace.passed();
  pace.begin_anew();
  CHECK(pace.passed() == 100ms);
  CHECK(pace.passed() == 100ms);
  CHECK_FALSE(pace.passed());
  CHECK(pace.standing("GET / 200") == "GET / 200, 3 in a row");
  auto one = requests();
  CHECK_FALSE(one.passed());
  CHECK(one.standing("GET / 200") == "GET / 200");
}

TEST_CASE("pace: a command pauses for as long as it ran, up to a second") {
  AskPace pace{AskPace::Question::Command, 1, kBegan};
  pace.ask(kBegan);
  CHECK(pace.failed(kBegan + 300ms) == 300ms);
  CHECK(pace.failed(kBegan + 3s) == 1s);
  CHECK(pace.failed(kBegan) == 2ms);
}
