// A client that says exactly what the test says: bytes over a blocking socket, every wait with a deadline.
// Reads responses by the load client's reader; adds and repairs nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth::test {

/// A response as it came.
struct RawResponse {
  int status = 0;         ///< 0: none came
  std::string head;       ///< status line and fields, with the empty line
  std::string body;       ///< without its framing
  bool complete = false;  ///< false: cut off, malformed, or the deadline passed (see error)
  std::string error;
  /// The first field of that name, any case; empty if absent.
  std::string field(std::string_view name) const;
};

/// One connection. Throws std::runtime_error if it cannot be opened.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port, const std::string& host = "127.0.0.1");
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// False if the peer no longer takes it.
  bool send(std::string_view bytes);
  /// No more bytes from here.
  void finish_sending();
  /// Leaves with a reset: a close alone looks to the peer like the end of sending.
  void leave();
  /// The next final response (1xx are skipped). `to_head`: it answers a HEAD.
  RawResponse read_response(bool to_head = false,
                            std::chrono::milliseconds deadline = std::chrono::seconds(10));
  /// What comes until `mark` is within it, the peer closes, or the deadline passes.
  std::string read_until(std::string_view mark,
                         std::chrono::milliseconds deadline = std::chrono::seconds(10));
  /// `size` bytes, or what came until the peer closed or the deadline passed.
  std::string read_exactly(std::size_t size, std::chrono::milliseconds deadline = std::chrono::seconds(30));
  /// Everything until the peer closes; `closed()` tells whether it did.
  std::string read_all(std::chrono::milliseconds deadline = std::chrono::seconds(10));
  /// Waits for more until `end`; false: none came, or the peer has closed.
  bool read_more(std::chrono::steady_clock::time_point end) { return fill(end); }
  /// What came and was not taken by one of the above.
  std::string_view unread() const { return buffer_; }
  int fd() const { return fd_; }
  bool closed() const { return closed_; }
  bool reset() const { return reset_; }

 private:
  bool fill(std::chrono::steady_clock::time_point end);

  int fd_ = -1;
  bool closed_ = false;
  bool reset_ = false;
  std::string buffer_;
};

/// One request on its own connection: `GET target` with Connection: close.
RawResponse get(std::uint16_t port, const std::string& target,
                std::chrono::milliseconds deadline = std::chrono::seconds(10));

}  // namespace berth::test
