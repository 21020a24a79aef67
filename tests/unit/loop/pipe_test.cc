#include "proxy/loop/pipe.h"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <vector>

using namespace berth::loop;
using Status = IoResult::Status;

namespace {

struct Wire {
  Wire() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    ours = Fd(ends[0]);
    theirs = Fd(ends[1]);
  }
  Fd ours;
  Fd theirs;
};

}  // namespace

TEST_CASE("pipe: bytes go from one socket to another, in order and no more than asked for") {
  PipePool pool;
  Wire from, to;
  Pipe pipe = pool.take();
  REQUIRE(pipe.is_open());
  CHECK(pipe.fill(from.ours.get(), 10).status == Status::Again);
  REQUIRE(::send(from.theirs.get(), "0123456789", 10, 0) == 10);
  CHECK(pipe.fill(from.ours.get(), 4).bytes == 4);
  CHECK(pipe.size() == 4);
  CHECK(pipe.drain(to.ours.get()).bytes == 4);
  CHECK(pipe.empty());
  CHECK(pipe.fill(from.ours.get(), ~std::size_t{0}).bytes == 6);
  CHECK(pipe.drain(to.ours.get()).status == Status::Done);
  std::array<char, 20> got;
  CHECK(::recv(to.theirs.get(), got.data(), got.size(), 0) == 10);
  CHECK(std::string(got.data(), 10) == "0123456789");
  from.theirs.reset();
  CHECK(pipe.fill(from.ours.get(), 10).status == Status::End);
}

TEST_CASE("pipe: one that goes back with bytes in it is never given out again") {
  PipePool pool;
  Wire from, to;
  REQUIRE(::send(from.theirs.get(), "old", 3, 0) == 3);
  Pipe left = pool.take();
  CHECK(left.fill(from.ours.get(), 3).bytes == 3);
  left.reset();
  CHECK_FALSE(left.is_open());
  CHECK(left.empty());
  Pipe next = pool.take();
  REQUIRE(::send(from.theirs.get(), "new", 3, 0) == 3);
  CHECK(next.fill(from.ours.get(), 3).bytes == 3);
  CHECK(next.drain(to.ours.get()).bytes == 3);
  std::array<char, 8> got;
  CHECK(::recv(to.theirs.get(), got.data(), got.size(), 0) == 3);
  CHECK(std::string(got.data(), 3) == "new");
}

TEST_CASE("pipe: no more are on loan than the bound, and what comes back may be lent again") {
  PipePool pool;
  std::vector<Pipe> all;
  for (std::size_t n = 0; n < PipePool::kMost; ++n) {
    all.push_back(pool.take());
    REQUIRE(all.back().is_open());
  }
  CHECK_FALSE(pool.take().is_open());
  all.pop_back();
  CHECK(pool.take().is_open());
  all.clear();
  CHECK(pool.lent() == 0);
}
