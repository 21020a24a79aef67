// A stream in memory: what the peer has said lies in `input`, what was written to it in `output`. Every
// operation is counted, and any of them can be made to fail.
#pragma once

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include <doctest/doctest.h>

#include "proxy/loop/fd.h"
#include "proxy/loop/gate.h"
#include "proxy/loop/pipe.h"
#include "proxy/loop/stream.h"

namespace berth::test {

/// How many operations were done on the streams that share it, and which of them fails.
struct Fate {
  int done = 0;
  int fails_at = -1;
  bool next_fails() { return done++ == fails_at; }
};

class MemoryStream final : public loop::Stream {
 public:
  explicit MemoryStream(Fate& fate) : fate_(fate) {}

  std::string input;
  std::string output;
  std::size_t room = std::string::npos;  ///< bytes that may still be written
  std::size_t most_per_read = std::string::npos;
  bool ended = false;      ///< the peer sends no more than `input`
  bool shut_down = false;  ///< nothing more will be written
  bool through_pipes = false;
  int spliced = 0;  ///< times that bytes came out of a pipe; every other attempt is refused first

  using Stream::write;
  loop::IoResult read(std::span<char> into) override {
    using Status = loop::IoResult::Status;
    if (broken()) return {Status::Error, 0, ECONNRESET};
    if (input.empty()) return {ended ? Status::End : Status::Again, 0, 0};
    const std::size_t n = std::min({input.size(), into.size(), most_per_read});
    std::copy_n(input.begin(), n, into.begin());
    input.erase(0, n);
    return {Status::Done, n, 0};
  }
  loop::IoResult write(std::span<const iovec> parts) override {
    using Status = loop::IoResult::Status;
    if (broken()) return {Status::Error, 0, EPIPE};
    std::size_t n = 0;
    for (const iovec& part : parts) {
      const std::size_t size = std::min(part.iov_len, room - n);
      output.append(static_cast<const char*>(part.iov_base), size);
      n += size;
    }
    if (room != std::string::npos) room -= n;
    return {n == 0 ? Status::Again : Status::Done, n, 0};
  }
  bool splices() const override { return through_pipes; }
  loop::IoResult read_into(loop::Pipe& pipe, std::size_t most) override {
    std::array<char, 64 * 1024> bytes;
    const auto result = read(std::span(bytes).first(std::min(most, bytes.size())));
    if (result.status != loop::IoResult::Status::Done) return result;
    REQUIRE(::send(wire().far.get(), bytes.data(), result.bytes, 0) == static_cast<ssize_t>(result.bytes));
    return pipe.fill(wire().near.get(), most);
  }
  loop::IoResult write_from(loop::Pipe& pipe) override {
    if (broken()) return {loop::IoResult::Status::Error, 0, EPIPE};
    refuses_ = !refuses_;
    if (refuses_) return {};
    ++spliced;
    const auto result = pipe.drain(wire().near.get());
    const std::size_t before = output.size();
    output.resize(before + result.bytes);
    REQUIRE(::recv(wire().far.get(), output.data() + before, result.bytes, MSG_WAITALL) ==
            static_cast<ssize_t>(result.bytes));
    return result;
  }
  void want(bool input_wanted, bool output_wanted) override {
    wants_input = input_wanted;
    wants_output = output_wanted;
  }
  void shutdown_write() override { shut_down = true; }
  bool peer_ended() const override { return ended && input.empty(); }

  bool wants_input = false;
  bool wants_output = false;
  /// What a socket would tell its gate now: kClient* bits (shift them for an upstream).
  loop::Wakes ready() const {
    loop::Wakes bits = 0;
    if (wants_input && (!input.empty() || ended || broken_)) bits |= loop::kClientIn;
    if (wants_output && (room != 0 || broken_)) bits |= loop::kClientOut;
    return bits;
  }

 private:
  bool broken() {
    if (fate_.next_fails()) broken_ = true;
    return broken_;
  }

  /// What a pipe can be spliced with.
  struct Wire {
    loop::Fd near;
    loop::Fd far;
  };
  Wire& wire() {
    if (wire_.near.is_open()) return wire_;
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    wire_ = {loop::Fd(ends[0]), loop::Fd(ends[1])};
    return wire_;
  }

  Fate& fate_;
  bool broken_ = false;
  bool refuses_ = false;
  Wire wire_;
};

}  // namespace berth::test
