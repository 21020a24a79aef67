// What every test of the real program checks at its end, and the load that most of them run under.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/load/load.h"
#include "tests/support/berth_process.h"
#include "tests/support/process_table.h"

namespace berth::test {

/// Which POSTs to /echo the users send beside their GETs.
enum class Posts {
  None,        ///< the server has no echo
  WithLength,  ///< it has, and misreads chunked ones itself
  Every,       ///< with a length and chunked
};

/// Users of every kind: kept-alive and fresh connections, GET and POST, every echo verified; a bare connect
/// each millisecond.
load::LoadPlan users_of(std::uint16_t port, Posts posts = Posts::Every);

/// No failed request, no refused connect, and that something was asked at all.
void check_nothing_failed(const load::LoadResult& result);

/// Waits until `count` more requests were answered; false at the deadline.
bool wait_answers(const load::Load& load, std::uint64_t count);

/// Nothing that this test started still runs, whoever its parent is by now. Kills what does, for the next
/// test.
void check_no_process_left();

/// SIGTERM, exit code 0, and check_no_process_left().
void check_clean_stop(BerthProcess& berth);

/// The body of GET / through berth, without its newline; "STATUS n" if it is no 200.
std::string who_answers(std::uint16_t port);

/// pids in a file with one each line, as the scripted backend writes it.
std::vector<Process> recorded(const std::string& pid_file);

/// CHECKs that each of `parts` is in what the user saw (any case).
/// Its words with one blank between, where sentences are wrapped to the screen.
std::string unwrapped(const std::string& text);

void check_screen(const CommandResult& result, const std::vector<std::string>& parts);

/// $BERTH_TEST_SEED, else a random one; printed, so that a failure can be repeated.
std::uint64_t test_seed();

}  // namespace berth::test
