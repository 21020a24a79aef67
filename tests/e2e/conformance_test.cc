// The conformance tables against the real program: bytes in, bytes out, and what of them reached the backend.
#include <doctest/doctest.h>

#include "tests/conformance/judge.h"
#include "tests/conformance/rows.h"
#include "tests/e2e/checks.h"

using namespace berth::test;

namespace {

/// One front before one recording backend, for all rows of a group, in one piece and byte by byte.
void check_group(const Group& group) {
  RecordingBackend backend;
  BerthProcess berth({.more = {"--external", "127.0.0.1:" + std::to_string(backend.port()), "--ready", "tcp",
                               "--workers", "1", "--limit", "upstream_idle=60s"}});
  REQUIRE(berth.wait_serving());
  backend.end();
  for (const Row& row : group.rows) {
    for (const Manner manner : {Manner::Whole, Manner::Bytewise}) {
      std::size_t said = 0;
      for (const Step& step : row.client) said += step.text.size();
      if (manner == Manner::Bytewise && said > 2'000) continue;
      const Outcome outcome = run_row(row, manner, berth.port(), backend);
      const auto wrong = complaints(row, manner, outcome, Whose::Berth);
      if (wrong.empty()) continue;
      std::string text;
      for (const auto& each : wrong) text += "\n  " + each;
      FAIL_CHECK(group.name << ": " << row.name
                            << std::string(manner == Manner::Bytewise ? " (byte by byte): " : ": ")
                            << describe(outcome) << text);
    }
  }
  check_clean_stop(berth);
}

}  // namespace

TEST_CASE("conformance: Content-Length") { check_group(length_rows()); }
TEST_CASE("conformance: Transfer-Encoding") { check_group(coding_rows()); }
TEST_CASE("conformance: chunks") { check_group(chunk_rows()); }
TEST_CASE("conformance: field lines") { check_group(line_rows()); }
TEST_CASE("conformance: the request line") { check_group(start_line_rows()); }
TEST_CASE("conformance: Host") { check_group(host_rows()); }
TEST_CASE("conformance: the target") { check_group(target_rows()); }
TEST_CASE("conformance: fields of one hop") { check_group(hop_rows()); }
TEST_CASE("conformance: requests and their bodies") { check_group(body_rows()); }
TEST_CASE("conformance: the heads of answers") { check_group(answer_head_rows()); }
TEST_CASE("conformance: the bodies of answers") { check_group(answer_body_rows()); }
TEST_CASE("conformance: connections that are kept") { check_group(pool_rows()); }
TEST_CASE("conformance: upgrades") { check_group(tunnel_rows()); }
