#include "proxy/swap/port_watch.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace berth::swap {
namespace {

using std::chrono::milliseconds;

struct Stage {
  boost::asio::io_context io;
  std::vector<std::string> told;
  PortWatch watch;

  explicit Stage(milliseconds patience)
      : watch(io,
              {.on_closed = [this](Generation g) { told.push_back("closed " + std::to_string(g.number)); },
               .on_open = [this](Generation g,
                                 milliseconds) { told.push_back("open " + std::to_string(g.number)); }},
              patience) {
    watch.serves(Generation{1});
  }
  /// Until no timer is left.
  void run() {
    io.restart();
    io.run();
  }
};

}  // namespace

TEST_CASE(
    "port watch: a port that goes on refusing is closed, until one connection is taken, and each is told "
    "once") {
  Stage stage(milliseconds(0));
  stage.watch.told(Generation{1}, true);
  stage.run();
  CHECK(stage.watch.closed());
  stage.watch.told(Generation{1}, true);
  stage.run();
  stage.watch.told(Generation{1}, false);
  stage.watch.told(Generation{1}, false);
  CHECK_FALSE(stage.watch.closed());
  CHECK(stage.told == std::vector<std::string>{"closed 1", "open 1"});
}

TEST_CASE("port watch: one refusal, or one that is soon over, is not worth a word") {
  Stage once(milliseconds(20));
  once.watch.told(Generation{1}, true);
  once.run();
  CHECK(once.told.empty());
  Stage over(milliseconds(20));
  over.watch.told(Generation{1}, true);
  over.watch.told(Generation{1}, false);
  over.run();
  CHECK(over.told.empty());
}

TEST_CASE("port watch: what is told of another generation means nothing, and a switch begins anew") {
  Stage stage(milliseconds(0));
  stage.watch.told(Generation{2}, true);
  stage.run();
  CHECK(stage.told.empty());
  stage.watch.told(Generation{1}, true);
  stage.run();
  CHECK(stage.watch.closed());
  stage.watch.serves(Generation{2});
  CHECK_FALSE(stage.watch.closed());
  stage.watch.told(Generation{1}, false);
  CHECK(stage.told == std::vector<std::string>{"closed 1"});
}

}  // namespace berth::swap
