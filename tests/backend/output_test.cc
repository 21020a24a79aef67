// Output in a flood: it is told whole, and the loop does what else is due meanwhile.
#include <doctest/doctest.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include "backend/output.h"
#include "tests/backend/witness.h"

using namespace berth::backend;
using namespace std::chrono_literals;
using test::run_until;

namespace {

/// A pipe with `text` in it already, and what was told of it.
struct Flood {
  explicit Flood(const std::string& text) {
    int error = 0;
    pipe = std::make_unique<OutputPipe>(
        loop, OutputKind::Pipe,
        [this](std::string_view line) {
          ++lines;
          last = line;
          const auto told = std::chrono::steady_clock::now();
          while (std::chrono::steady_clock::now() - told < a_line_takes) {
          }
        },
        write_end, error);
    REQUIRE(error == 0);
    REQUIRE(::write(write_end.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }

  boost::asio::io_context loop;
  Descriptor write_end;
  std::size_t lines = 0;
  std::string last;
  std::chrono::milliseconds a_line_takes{0};
  std::unique_ptr<OutputPipe> pipe;
};

/// How many lines were told between one turn of the loop and the next, at most.
std::size_t most_at_once(Flood& flood, const std::function<bool()>& done) {
  std::size_t most = 0;
  std::size_t before = 0;
  std::function<void()> look = [&] {
    most = std::max(most, flood.lines - before);
    before = flood.lines;
    if (!done()) boost::asio::post(flood.loop, look);
  };
  boost::asio::post(flood.loop, look);
  CHECK(run_until(flood.loop, done));
  return most;
}

constexpr std::size_t kFull = 60 * 1000;

}  // namespace

TEST_CASE("output: a pipe full of newlines is told a few lines at a time, and whole") {
  Flood flood(std::string(kFull, '\n'));
  const std::size_t most = most_at_once(flood, [&] { return flood.lines == kFull; });
  CHECK(flood.lines == kFull);
  CHECK(most > 0);
  CHECK(most <= 1000);
}

TEST_CASE("output: lines that take long are told one by one, in between the loop does what is due") {
  Flood flood(std::string(64, '\n') + "the last words\n");
  flood.a_line_takes = 6ms;
  const std::size_t most = most_at_once(flood, [&] { return flood.lines == 65; });
  CHECK(flood.last == "the last words");
  CHECK(most == 1);
}

TEST_CASE("output: at the end, too, what is there is told a few lines at a time, and whole") {
  Flood flood(std::string(kFull, '\n') + "the last words");
  bool drained = false;
  flood.pipe->drain([&] { drained = true; });
  CHECK_FALSE(drained);
  const std::size_t most = most_at_once(flood, [&] { return drained; });
  CHECK(flood.lines == kFull + 1);
  CHECK(flood.last == "the last words");
  CHECK(most <= 1000);
}

TEST_CASE("output: a drain ends though somebody writes on without end") {
  Flood flood("first\n");
  bool drained = false;
  flood.pipe->drain([&] { drained = true; });
  std::thread writer([&flood, line = std::string(4000, 'x') + "\n"] {
    while (::write(flood.write_end.get(), line.data(), line.size()) > 0) {
    }
  });
  CHECK(run_until(flood.loop, [&] { return drained; }));
  CHECK(flood.lines > 0);
  flood.pipe.reset();  // the end of the writer
  writer.join();
}

TEST_CASE("output: a pipe that is destroyed while it drains tells nothing more") {
  Flood flood(std::string(kFull, '\n'));
  bool drained = false;
  flood.pipe->drain([&] { drained = true; });
  REQUIRE(run_until(flood.loop, [&] { return flood.lines > 0; }));
  const std::size_t told = flood.lines;
  flood.pipe.reset();
  flood.loop.restart();
  flood.loop.poll();
  CHECK_FALSE(drained);
  CHECK(flood.lines == told);
}

TEST_CASE("output: all that a backend has written is told before its end") {
  test::Witness world(test::shell("head -c 100000 /dev/zero | tr '\\0' '\\n'; echo done; exit 3"));
  world.backend->start();
  REQUIRE(world.fails());
  CHECK(world.lines.size() == 100'001);
  CHECK(world.lines.back() == "done");
  CHECK(world.failure->exit == ExitStatus{false, 3});
}
