#include "proxy/observe/log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>

#include "tests/unit/observe/stuck_terminal.h"

namespace berth::observe {
namespace {

struct Pipe {
  int ends[2];
  Pipe() { REQUIRE(pipe2(ends, O_CLOEXEC) == 0); }
  ~Pipe() {
    close(ends[0]);
    if (ends[1] >= 0) close(ends[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  std::string read_to_end() {
    close(ends[1]);
    ends[1] = -1;
    std::string all;
    char buffer[4096];
    for (ssize_t n = 0; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
      all.append(buffer, static_cast<std::size_t>(n));
    return all;
  }
};

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("log: a line says when, how grave, which app and generation, and what") {
  Pipe pipe;
  {
    Log log({.fd = pipe.ends[1]});
    log.line(Level::Info, "web", Generation{7}, "ready after 412 ms");
    log.line(Level::Debug, "web", {}, "not asked for");
    log.line(Level::Warn, "", {}, "about the front");
    log.backend_line("web", Generation{7}, true, "Traceback\x1b[2J\xc2\x9b\r");
    CHECK(log.dropped() == 0);
  }
  std::string text = pipe.read_to_end();
  CAPTURE(text);
  CHECK(has(text, "info  web#7   ready after 412 ms\n"));
  CHECK(has(text, "warn  about the front\n"));
  CHECK(has(text, "err   web#7   Traceback?\n"));
  CHECK_FALSE(has(text, "not asked for"));
  CHECK_FALSE(has(text, "\x1b"));
  CHECK(text[2] == ':');
  CHECK(text[8] == '.');
}

TEST_CASE("log: as JSON a line is an object, whatever bytes a backend writes") {
  Pipe pipe;
  {
    Log log({.fd = pipe.ends[1], .format = Format::Json, .colour = Colour::Always, .least = Level::Warn});
    log.line(Level::Warn, "web", Generation{7}, "say \"ready\"");
    log.line(Level::Info, "web", Generation{7}, "not asked for");
    log.announce("listening on http://127.0.0.1:8000");
  }
  {
    Log log({.fd = pipe.ends[1], .format = Format::Json});
    log.backend_line("a", Generation{1}, false, "tab\t \x1b[2J \xc3\xa9 \xff\xc0\x80 \\\r\n");
    log.backend_line("a", Generation{1}, true, "");
  }
  std::string text = pipe.read_to_end();
  CAPTURE(text);
  CHECK(has(text,
            "Z\",\"level\":\"warn\",\"app\":\"web\",\"generation\":7,\"message\":\"say \\\"ready\\\"\"}\n"));
  CHECK(has(text,
            "\"level\":\"info\",\"app\":\"\",\"generation\":0,\"message\":\"listening on "
            "http://127.0.0.1:8000\"}\n"));
  CHECK_FALSE(has(text, "not asked for"));
  CHECK(has(text,
            "\"stream\":\"stdout\",\"message\":\"tab\\t \\u001b[2J \xc3\xa9 "
            "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \\\\\"}\n"));
  CHECK(has(text, "\"stream\":\"stderr\",\"message\":\"\"}\n"));
  CHECK(text.starts_with("{\"time\":\"20"));
}

TEST_CASE("log: colours come where they are asked for") {
  Pipe pipe;
  {
    Log log({.fd = pipe.ends[1], .colour = Colour::Always});
    log.line(Level::Error, "web", {}, "failed");
  }
  CHECK(has(pipe.read_to_end(), "\x1b[1;31merror\x1b[0m web"));
}

TEST_CASE("log: a reader that never reads stalls neither the callers nor the end, and costs counted lines") {
  Pipe pipe;
  std::uint64_t dropped = 0;
  auto begun = std::chrono::steady_clock::now();
  {
    Log log({.fd = pipe.ends[1], .queue = 64, .flush_deadline = std::chrono::milliseconds(50)});
    // 64 KiB fit into the pipe; ten times that is written.
    for (int i = 0; i < 10'000; ++i)
      log.line(Level::Info, "web", {}, "a line that nobody is going to read, about so long");
    dropped = log.dropped();
  }
  CHECK(dropped > 5'000);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(5));
}

TEST_CASE("log: a reader that comes back is told how much it missed") {
  Pipe pipe;
  std::string text;
  {
    Log log({.fd = pipe.ends[1], .queue = 16, .flush_deadline = std::chrono::seconds(5)});
    for (int i = 0; i < 5'000; ++i)
      log.line(Level::Info, "web", {}, "a line that is read late, about as long as they are");
    REQUIRE(log.dropped() > 0);
    // Room again: the queue drains, and its first line is the count.
    char buffer[4096];
    while (!has(text, "dropped: its reader is slow")) {
      ssize_t n = ::read(pipe.ends[0], buffer, sizeof buffer);
      REQUIRE(n > 0);
      text.append(buffer, static_cast<std::size_t>(n));
    }
  }
}

TEST_CASE("log: a backend's colours stay where the log has colours, and end with their line") {
  for (const Colour colour : {Colour::Always, Colour::Never}) {
    Pipe pipe;
    {
      Log log({.fd = pipe.ends[1], .colour = colour});
      log.backend_line("web", Generation{7}, false, "\x1b[31mred\x1b]52;c;x\x07");
      log.line(Level::Info, "web", Generation{7}, "it said \x1b[31mred");
    }
    const std::string text = pipe.read_to_end();
    CAPTURE(text);
    CHECK(has(text, "\x1b[31mred\x1b[0m\n") == (colour == Colour::Always));
    CHECK(has(text, "web#7   red\n") == (colour == Colour::Never));
    CHECK(has(text, "it said red\n"));
  }
}

TEST_CASE("log: a terminal that takes nothing any more does not hold the end") {
  const test::StuckTerminal terminal;
  const auto begun = std::chrono::steady_clock::now();
  {
    Log log({.fd = terminal.fd(), .flush_deadline = std::chrono::milliseconds(50)});
    for (int i = 0; i < 2'000; ++i)
      log.line(Level::Info, "web", {}, "a line that the terminal has no room for, about so long");
  }
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(5));
  CHECK(terminal.is_full());
}

TEST_CASE("log: a reader that has gone costs nothing but its lines") {
  signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  close(pipe.ends[0]);
  pipe.ends[0] = dup(pipe.ends[1]);
  Log log({.fd = pipe.ends[1]});
  for (int i = 0; i < 100; ++i) log.line(Level::Info, "web", {}, "into the void");
}

}  // namespace berth::observe
