// The load client as its users see it: what to send (LoadPlan), what came of it (LoadResult), and the thread
// that does it (Load). A black box beside berth: knows URLs and sockets, and holds no code of the product.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/histogram.h"

namespace berth::load {

/// One kind of request. Several in a plan are sent in turn, each `weight` times a round.
struct RequestShape {
  std::string method = "GET";
  std::string target = "/";
  std::string fields{};            ///< further header lines, each with its CRLF
  std::size_t body_min = 0;        ///< a body of random bytes and of random length within [min, max]
  std::size_t body_max = 0;        ///< 0: no body
  bool chunked = false;            ///< the body goes out in chunks of random sizes instead of with a length
  bool echoed = false;             ///< the response's body must be the request's, byte for byte
  std::int64_t expect_bytes = -1;  ///< length that the response's body must have; -1: any
  int expect_status = 0;           ///< 0: any 2xx
  unsigned weight = 1;
};

/// What a run does. Closed loop without `rate`: each lane sends its next request when the last one is over.
/// Open loop with it: requests are due at their own times whatever the server does, and latency counts from
/// those.
struct LoadPlan {
  std::string address = "127.0.0.1";  ///< an IP address, v4 or v6
  std::uint16_t port = 0;
  std::string host = "localhost";  ///< the Host field
  std::vector<RequestShape> shapes{RequestShape{}};
  unsigned keep_alive_lanes = 4;  ///< connections that carry request after request
  unsigned fresh_lanes = 0;       ///< lanes that open a connection for each request
  double rate = 0;                ///< requests a second over all lanes; 0: closed loop
  double fresh_share = 0;         ///< open loop: the share of requests on fresh connections, within [0, 1]
  std::chrono::microseconds pause{0};  ///< closed loop: between a response and the lane's next request
  std::chrono::milliseconds request_timeout{
      10'000};                               ///< from the connect or send to the response's last byte
  std::chrono::microseconds probe_every{0};  ///< a bare connect as often; 0: none
  std::uint64_t seed = 1;                    ///< of bodies and sizes
};

/// Why a request failed.
enum class FailureKind : std::uint8_t {
  Refused,    ///< the connect was refused
  Reset,      ///< the connection ended before the first byte of the response (a keep-alive one too)
  Timeout,    ///< the response was not complete in time
  Status,     ///< complete, with another status than expected
  Truncated,  ///< the connection ended within the response
  WrongBody,  ///< complete, and the body is not what was expected
  Malformed,  ///< not HTTP, or bytes where none belong
  Local,      ///< this machine could not open a connection (descriptors, ports): says nothing of the server
};
inline constexpr std::size_t kFailureKinds = 8;
const char* name_of(FailureKind kind);  ///< "refused", "wrong_body"

/// What the bare connects saw.
struct ProbeResult {
  std::uint64_t connected = 0;
  std::uint64_t refused = 0;
  std::uint64_t failed = 0;  ///< any other error, and those not done after a second
  Histogram latency;         ///< of those connected
};

/// The outcome of a run.
struct LoadResult {
  std::uint64_t sent = 0;  ///< requests begun, with those that failed to connect
  std::uint64_t ok = 0;
  std::uint64_t unsent = 0;  ///< open loop: due, and still without a free lane at the end
  std::array<std::uint64_t, kFailureKinds> failures{};
  std::uint64_t connections = 0;       ///< opened
  std::uint64_t keepalive_closed = 0;  ///< closed by the server between requests, without having said so
  std::uint64_t closed_as_told = 0;  ///< kept-alive connections that a response with Connection: close ended
  std::uint64_t bytes_in = 0;        ///< of response bodies
  std::uint64_t bytes_out = 0;       ///< of request bodies
  Histogram latency;                 ///< of complete responses; open loop: from the due time
  std::chrono::nanoseconds longest_gap{0};  ///< between two successive complete responses
  std::chrono::nanoseconds took{0};
  ProbeResult probe;
  std::vector<std::string> samples;  ///< the first failures, each in a line: when, what, why

  std::uint64_t failed() const;
  std::uint64_t failed(FailureKind kind) const { return failures[static_cast<std::size_t>(kind)]; }
  /// A few lines for a person: totals, failures by kind with samples, latencies.
  std::string text() const;
};

class Driver;

/// A run on a thread of its own. Not copyable; the destructor stops it.
class Load {
 public:
  /// Throws std::system_error if the OS refuses an epoll set, std::invalid_argument for a plan without
  /// meaning.
  explicit Load(LoadPlan plan);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  /// Begins. Once.
  void start();
  /// Sends nothing new, waits for what is under way (each within the request timeout), and tells. Once, after
  /// start().
  LoadResult stop();
  /// start(), then stop() after `time`: for the command line.
  LoadResult run_for(std::chrono::milliseconds time);

  /// Complete responses and failures until now; from any thread.
  std::uint64_t answered() const;

 private:
  struct Running;
  std::unique_ptr<Driver> driver_;
  std::unique_ptr<Running> running_;
};

}  // namespace berth::load
