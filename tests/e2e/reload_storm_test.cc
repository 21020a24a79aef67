// Reloads without end, of files that nobody chose, while users ask: none of them notices.
#include <doctest/doctest.h>

#include <fstream>
#include <random>

#include "tests/e2e/checks.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

/// Files of a site whose first app is under load, each with one edit or more, or with one mistake.
class Author {
 public:
  explicit Author(std::uint64_t seed) : random_(seed) {}

  std::string valid() {
    if (one_of(4)) name_ = "web" + std::to_string(number(1000));
    std::string text = "[app.web]\nlisten = \"127.0.0.1:0\"\ncommand = " + scripted_toml({"--name", name_}) +
                       "\ndrain = \"" + std::to_string(5 + number(20)) + "s\"\nstop = { grace = \"2s\" }\n";
    if (one_of(2)) text += "[app.web.limits]\nhold_requests = " + std::to_string(500 + number(500)) + "\n";
    if (one_of(3))
      text += "[listener.\"127.0.0.1:0\"]\nmax_fields = " + std::to_string(50 + number(50)) + "\n";
    if (one_of(2)) text += other("api");
    if (one_of(4)) text += other("docs");
    return text;
  }

  std::string broken() {
    static const std::vector<std::string> mistakes = {
        "nonsense = 1\n", "[app.web\n", "[app.x]\nlisten = \"127.0.0.1:0\"\npath = \"/x\"\n",
        "[app.y]\ncommand = \"not a list\"\n", "[app.z]\ncommand = [\"x\"]\nlisten = \"nowhere\"\n"};
    return valid() + mistakes[number(mistakes.size())];
  }

  bool one_of(std::size_t many) { return number(many) == 0; }

 private:
  std::size_t number(std::size_t below) { return random_() % below; }
  std::string other(const std::string& name) {
    return "[app." + name + "]\nlisten = \"127.0.0.1:0\"\npath = \"/" + name + std::to_string(number(3)) +
           "\"\nstrip = " + (one_of(2) ? "true" : "false") +
           "\ncommand = " + scripted_toml({"--name", name}) + "\nstop = { grace = \"2s\" }\n";
  }

  std::mt19937_64 random_;
  std::string name_ = "web";
};

}  // namespace

TEST_CASE("reload: a storm of valid and broken files fails no request") {
  constexpr int kReloads = 500;
  Author author(test_seed());
  BerthProcess berth({.file = author.valid()});
  REQUIRE(berth.wait_serving());
  berth::load::Load load(users_of(berth.port()));
  load.start();
  REQUIRE(wait_answers(load, 10));
  for (int i = 0; i < kReloads; ++i) {
    const bool broken = author.one_of(3);
    std::ofstream(berth.file(), std::ios::trunc) << (broken ? author.broken() : author.valid());
    const CommandResult result = berth.call("reload");
    CAPTURE(i);
    CHECK_MESSAGE(result.exit_code == (broken ? 1 : 0), result.all());
  }
  const berth::load::LoadResult result = load.stop();
  check_nothing_failed(result);
  check_clean_stop(berth);
}
