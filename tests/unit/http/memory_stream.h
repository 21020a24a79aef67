// A stream in memory: what the peer has said lies in `input`, what was written to it in `output`. Every
// operation is counted, and any of them can be made to fail.
#pragma once

#include <algorithm>
#include <cerrno>
#include <string>

#include "proxy/loop/gate.h"
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

  Fate& fate_;
  bool broken_ = false;
};

}  // namespace berth::test
