// A terminal whose other side reads nothing, as that of an ssh session that is stuck. Written to the full it
// holds whoever writes on, until it is destroyed.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace berth::test {

class StuckTerminal {
 public:
  StuckTerminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    std::array<char, 64> name{};
    REQUIRE(::grantpt(master_) == 0);
    REQUIRE(::unlockpt(master_) == 0);
    REQUIRE(::ptsname_r(master_, name.data(), name.size()) == 0);
    slave_ = ::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC);
    REQUIRE(slave_ >= 0);
  }
  /// Hangs up: whoever is held goes on. The other side stays open, for it may be written to until the end of
  /// the process by a thread that was left behind.
  ~StuckTerminal() { ::close(master_); }
  StuckTerminal(const StuckTerminal&) = delete;
  StuckTerminal& operator=(const StuckTerminal&) = delete;

  int fd() const { return slave_; }
  bool is_full() const {
    pollfd room{slave_, POLLOUT, 0};
    return ::poll(&room, 1, 0) == 0;
  }

 private:
  int master_;
  int slave_ = -1;
};

}  // namespace berth::test
