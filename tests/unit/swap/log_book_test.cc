#include "proxy/swap/log_book.h"

#include <doctest/doctest.h>

#include <string>

namespace berth::swap {
namespace {

TEST_CASE("log book: numbers count up and the oldest lines go first") {
  LogBook book({.lines = 3, .bytes = 1000, .generations = 8});
  for (std::uint32_t n = 1; n <= 5; ++n) book.append({1}, false, "line " + std::to_string(n), 7);
  const auto lines = book.lines(0, 100);
  REQUIRE(lines.size() == 3);
  CHECK(lines.front().number == 3);
  CHECK(lines.back().number == 5);
  CHECK(lines.back().text == "line 5");
  CHECK(lines.back().unix_ms == 7);
}

TEST_CASE("log book: bytes are bounded too, but the newest line is always kept") {
  LogBook book({.lines = 100, .bytes = 10, .generations = 8});
  book.append({1}, false, "12345", 0);
  book.append({1}, false, "67890", 0);
  CHECK(book.lines(0, 100).size() == 2);
  book.append({1}, true, "x", 0);
  CHECK(book.lines(0, 100).size() == 2);
  book.append({1}, false, std::string(50, 'y'), 0);
  CHECK(book.lines(0, 100).size() == 1);
}

TEST_CASE("log book: asks for what is newer than a number get the newest, oldest first") {
  LogBook book;
  for (int n = 0; n < 10; ++n) book.append({1}, false, "x", 0);
  CHECK(book.lines(8, 100).size() == 2);
  CHECK(book.lines(10, 100).empty());
  const auto few = book.lines(2, 3);
  REQUIRE(few.size() == 3);
  CHECK(few.front().number == 8);
}

TEST_CASE("log book: a noisy generation costs no other its lines, and lines of several come in order") {
  LogBook book({.lines = 3, .bytes = 1000, .generations = 8});
  book.append({1}, false, "quiet", 0);
  for (int n = 0; n < 50; ++n) book.append({2}, false, "noise", 0);
  book.append({1}, false, "still here", 0);
  const auto lines = book.lines(0, 100);
  REQUIRE(lines.size() == 5);
  CHECK(lines.front().text == "quiet");
  CHECK(lines.back().text == "still here");
  for (std::size_t i = 1; i < lines.size(); ++i) CHECK(lines[i - 1].number < lines[i].number);
  CHECK(book.lines(0, 2).front().text == "noise");
}

TEST_CASE("log book: the oldest generation is forgotten for a new one") {
  LogBook book({.lines = 3, .bytes = 1000, .generations = 2});
  for (std::uint32_t n = 1; n <= 3; ++n) book.append({n}, false, "x", 0);
  CHECK(book.last_of({1}, 20).empty());
  CHECK(book.last_of({2}, 20).size() == 1);
  CHECK(book.lines(0, 100).size() == 2);
}

TEST_CASE("log book: the last lines of a generation are its own") {
  LogBook book;
  book.append({1}, false, "one", 0);
  book.append({2}, false, "two", 0);
  book.append({1}, true, "three", 0);
  CHECK(book.append_hook({1}, "ready", true, "four", 0).hook == "ready");
  CHECK(book.last_of({1}, 20) == std::vector<std::string>{"one", "three"});
  CHECK(book.last_of({1}, 1) == std::vector<std::string>{"three"});
}

TEST_CASE("log book: a follower is told each line until it leaves, even from within") {
  LogBook book;
  int told = 0;
  std::shared_ptr<void> handle;
  handle = book.follow([&](const control::LogLine& line) {
    ++told;
    if (line.number == 2) handle.reset();
  });
  for (int n = 0; n < 4; ++n) book.append({1}, false, "x", 0);
  CHECK(told == 2);
}

TEST_CASE("log book: a remark stands between the lines, and is none of the backend's own") {
  LogBook book;
  std::vector<std::string> followed;
  const auto follower = book.follow([&](const control::LogLine& line) { followed.push_back(line.text); });
  book.append({1}, false, "one", 0);
  book.remark({1}, "serving", 0);
  book.append({1}, false, "two", 0);
  CHECK(book.last_of({1}, 2) == std::vector<std::string>{"one", "two"});
  const auto lines = book.lines(0, 100);
  REQUIRE(lines.size() == 3);
  CHECK(lines[1].is_remark);
  CHECK(lines[1].number == 2);
  CHECK_FALSE(lines[2].is_remark);
  CHECK(followed == std::vector<std::string>{"one", "serving", "two"});
}

}  // namespace
}  // namespace berth::swap
