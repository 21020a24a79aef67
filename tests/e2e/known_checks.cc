#include "tests/e2e/known_checks.h"

#include <doctest/doctest.h>

#include "tests/support/held_socket.h"
#include "tests/support/raw_client.h"

namespace berth::test {
namespace {

std::string with_port(std::string text, std::uint16_t port) {
  const auto at = text.find("TAKEN");
  if (at != std::string::npos) text.replace(at, 5, std::to_string(port));
  return text;
}

}  // namespace

void check_plain(const Plain& plain, int swaps) {
  const HeldSocket stranger({});
  Command taken = plain.command;
  for (const std::string& word : plain.asking) taken.push_back(with_port(word, stranger.port()));
  auto env = plain.env;
  for (auto& [name, value] : env) value = with_port(value, stranger.port());
  std::vector<Command> commands{plain.command};
  if (taken != plain.command) commands.push_back(taken);
  for (const Command& command : commands) {
    CAPTURE(command.back());
    BerthProcess berth({.command = command, .ready_timeout = "60s", .dir = plain.dir, .env = env});
    REQUIRE_MESSAGE(berth.wait_serving(std::chrono::seconds(60)), berth.output());
    CHECK(get(berth.port(), "/").body.starts_with(plain.greeting));
    swap_under_load(berth,
                    {.command = command,
                     .dir = plain.dir,
                     .greeting = plain.greeting,
                     .posts = plain.posts,
                     .helpers = plain.helpers},
                    swaps);
    const bool said = berth.output().find("--plain leaves the command as it is") != std::string::npos;
    CHECK(said == !plain.says.empty());
    CHECK(berth.output().find(plain.says) != std::string::npos);
    check_clean_stop(berth);
  }
}

}  // namespace berth::test
