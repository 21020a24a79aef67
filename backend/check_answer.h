// The answer to an HTTP check, read as it comes: which status, whether it is whole, what is wrong with it.
// Keeps nothing of its body and never more than kMostHead of the rest, whatever a backend sends. Knows no
// socket and no time. A value's worth of state; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace berth::backend {

class CheckAnswer {
 public:
  /// Of heads, interim ones included, and of what stands between the pieces of a chunked body at one place:
  /// a chunk's size with its extensions, the trailer.
  static constexpr std::size_t kMostHead = 64 * 1024;
  /// Of the reason beside the status: what is beyond is left out.
  static constexpr std::size_t kMostReason = 80;

  enum class State : std::uint8_t {
    Going,   ///< more is to come
    Whole,   ///< complete: status() and reason() are final
    Broken,  ///< it will never be: see failure()
  };

  CheckAnswer();
  ~CheckAnswer();
  CheckAnswer(CheckAnswer&&) noexcept;
  CheckAnswer& operator=(CheckAnswer&&) noexcept;

  /// The next bytes. Once it is not Going any more they are left alone.
  State take(std::string_view bytes);
  /// The peer has ended, in order (`in_order`) or by a reset.
  State end(bool in_order);

  State state() const;
  int status() const;          ///< 0: no final head has come
  std::string reason() const;  ///< as it was sent, printable ASCII only
  /// "got an answer that is not HTTP/1 (bad version)"
  const std::string& failure() const;
  /// The answer is one of Node's debugger, which takes WebSocket connections only.
  bool is_debugger() const;
  std::size_t held() const;  ///< bytes that are kept now

 private:
  struct Reader;
  std::unique_ptr<Reader> reader_;
};

}  // namespace berth::backend
