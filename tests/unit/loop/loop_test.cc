// The order in which a loop does what others ask of it.
#include "proxy/loop/loop.h"

#include <doctest/doctest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <semaphore>

#include "proxy/loop/fd.h"

using namespace berth::loop;

namespace {

/// Notes what was posted when its eventfd became readable.
class Reader final : public Watched {
 public:
  void on_ready(std::uint32_t) override {
    eventfd_t count = 0;
    ::eventfd_read(fd.get(), &count);
    saw = posted;
    read.release();
  }

  Fd fd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  int posted = 0;  ///< the loop's, as set by the last message
  int saw = 0;
  std::binary_semaphore read{0};
};

}  // namespace

TEST_CASE("loop: a message is done before what happened after it, also where both wake the loop") {
  Reader reader;
  Loop loop;
  loop.start([] {});
  loop.post([&] { loop.watch(reader.fd.get(), reader, EPOLLIN); });
  int late = 0;
  for (int i = 1; i <= 500; ++i) {
    loop.post([&reader, i] { reader.posted = i; });
    ::eventfd_write(reader.fd.get(), 1);
    reader.read.acquire();
    if (reader.saw != i) ++late;
  }
  CHECK(late == 0);
  loop.stop([&] { loop.unwatch(reader.fd.get()); });
}

TEST_CASE(
    "loop: no deadline is early, though the tick that runs may be nearly over, nor later than two ticks") {
  using std::chrono::milliseconds;
  const Loop loop;
  for (const int ms : {1, 2, 100, 249, 250, 251, 499, 500, 501, 1'000, 59'999, 3'600'000}) {
    CAPTURE(ms);
    const auto ticks = static_cast<std::int64_t>(loop.deadline(milliseconds(ms)) - loop.tick());
    CHECK((ticks - 1) * kTick >= milliseconds(ms));
    CHECK(ticks * kTick < milliseconds(ms) + 2 * kTick);
  }
  CHECK(loop.deadline(milliseconds::max()) == 0);
}
