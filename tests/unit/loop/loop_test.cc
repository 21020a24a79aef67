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
