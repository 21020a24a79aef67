// A short run of what the programs fuzz_*.cc do for as long as one likes: ./dev fuzz.
#include <doctest/doctest.h>

#include <cstdlib>
#include <random>

#include "tests/fuzz/control_oracle.h"
#include "tests/fuzz/mutator.h"
#include "tests/fuzz/oracle.h"
#include "tests/fuzz/seeds.h"
#include "tests/fuzz/strict_reader.h"

using namespace berth::fuzz;

namespace {

constexpr int kRuns = 40'000;

std::string shown(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    constexpr char kHex[] = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\r')
      out += "\\r";
    else if (c == '\n')
      out += "\\n\n";
    else if (byte >= 0x20 && byte < 0x7f)
      out += c;
    else
      out += std::string("\\x") + kHex[byte >> 4] + kHex[byte & 15];
  }
  return out;
}

std::uint64_t chosen_seed() {
  if (const char* text = std::getenv("BERTH_TEST_SEED")) return std::strtoull(text, nullptr, 10);
  return std::random_device()();
}

void run(const std::vector<std::string>& seeds, Verdict (*attempt)(std::string_view)) {
  const std::uint64_t seed = chosen_seed();
  INFO("BERTH_TEST_SEED=" << seed);
  std::mt19937_64 chance(seed);
  int passed_on = 0;
  for (int n = 0; n < kRuns; ++n) {
    const std::string bytes = mutated(seeds, chance);
    const Verdict verdict = attempt(bytes);
    passed_on += verdict.passed_on ? 1 : 0;
    CHECK_MESSAGE(verdict.wrong.empty(), verdict.wrong << ":\n" << shown(bytes));
  }
  // Else the runs would show nothing.
  CHECK(passed_on > kRuns / 10);
}

}  // namespace

TEST_CASE("fuzz: whatever a client sends, the backend is sent what it meant, or nothing") {
  run(request_seeds(), try_request);
}

TEST_CASE("fuzz: whatever a backend answers, the client is told what it meant, or sees that it is cut") {
  run(response_seeds(), try_response);
}

TEST_CASE(
    "fuzz: whatever a checked backend answers, it is understood in any pieces or refused, within a bound") {
  run(response_seeds(), try_check);
}

TEST_CASE("fuzz: whatever a client of the control API sends, it is answered or refused in whole messages") {
  run(control_seeds(), try_control);
}

TEST_CASE("fuzz: the seeds pass on as they are") {
  for (const std::string& seed : control_seeds()) {
    CAPTURE(shown(seed));
    CHECK(try_control(std::string(2, '\0') + seed).wrong.empty());
  }
  for (const std::string& seed : request_seeds()) {
    CAPTURE(shown(seed));
    const Verdict verdict = try_request(std::string(2, '\0') + seed);
    CHECK(verdict.wrong.empty());
    CHECK(verdict.passed_on);
  }
  for (const std::string& seed : response_seeds()) {
    CHECK(try_response(std::string(2, '\0') + seed).wrong.empty());
    CHECK(try_check(std::string(2, '\0') + seed).passed_on);
  }
}

TEST_CASE("fuzz: the strict reader refuses what is ambiguous") {
  for (const char* bytes :
       {"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n", "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nA: 1\r\n 2\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\nx"})
    CHECK(strict_request(bytes).state == Message::State::Malformed);
}
