// The load client as its users see it: what to send (LoadPlan), what came of it (LoadResult), and the thread
// that does it (Load). A black box beside berth: knows URLs and sockets, and holds no code of the product.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/histogram.h"

namespace berth::load {

/// What a request is for: the mix of a run names its shares by these.
enum class RequestKind : std::uint8_t { Get, Fresh, Post, Download, Upload };
inline constexpr std::size_t kRequestKinds = 5;
const char* name_of(RequestKind kind);  ///< "get", "fresh"

/// Where a server is: an IP address, v4 or v6, and its port, or the path of a unix socket.
struct LoadTarget {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::string unix_path{};  ///< not empty: instead of address and port
};

/// One kind of request. Several in a plan are sent in turn, each `weight` times a round.
struct RequestShape {
  RequestKind kind = RequestKind::Get;
  std::size_t server = 0;  ///< which of the plan's targets
  std::string method = "GET";
  std::string target = "/";
  std::string fields{};            ///< further header lines, each with its CRLF
  std::size_t body_min = 0;        ///< a body of random bytes and of random length within [min, max]
  std::size_t body_max = 0;        ///< 0: no body
  std::string body{};              ///< this body instead of random bytes
  bool chunked = false;            ///< the body goes out in chunks of random sizes instead of with a length
  bool echoed = false;             ///< the response's body must be the request's, byte for byte
  std::int64_t expect_bytes = -1;  ///< length that the response's body must have; -1: any
  bool learned = false;            ///< length and CRC-32 of the body must be those of the first answer
  bool marked = false;             ///< carries X-Load-Id; X-Load-Seen above 1 in the answer is a duplicate
  int expect_status = 0;           ///< 0: any 2xx or 3xx
  std::string host{};              ///< the Host field; empty: the plan's
  unsigned weight = 1;
};

/// Connections that send one shape, each its next request when the last one is over, whatever the rate is.
struct Dedicated {
  RequestShape shape;
  unsigned lanes = 1;
};

/// Clients that hold one connection for long: event streams, or WebSockets that send and want it back.
struct LongLanes {
  std::size_t server = 0;
  std::string target = "/";
  std::string host{};    ///< empty: the plan's
  std::string fields{};  ///< further header lines, each with its CRLF
  unsigned lanes = 0;
};

/// What a run does. Closed loop without `rate`: each lane sends its next request when the last one is over.
/// Open loop with it: requests are due at their own times whatever the server does, and latency counts from
/// those.
struct LoadPlan {
  std::string address = "127.0.0.1";  ///< an IP address, v4 or v6
  std::uint16_t port = 0;
  std::vector<LoadTarget> targets{};  ///< instead of address and port; each has its own keep-alive lanes
  std::string host = "localhost";     ///< the Host field
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
  std::vector<Dedicated> dedicated{};
  LongLanes events{};               ///< event streams (text/event-stream), with Last-Event-ID on their return
  LongLanes websockets{};           ///< each sends a text of its own every 100 ms
  std::uint64_t most_requests = 0;  ///< begins no more than these; 0: no bound
  std::chrono::milliseconds window_tail{500};  ///< what follows a window's end and still counts to it
};

/// Why a request failed.
enum class FailureKind : std::uint8_t {
  Refused,    ///< the connect was refused
  Reset,      ///< the connection ended before the first byte of the response (a keep-alive one too)
  Timeout,    ///< the response was not complete in time
  Status1xx,  ///< 101, which ends HTTP on the connection, to a request that waits for an answer
  Status2xx,  ///< complete, with such a status where another was expected; so on
  Status3xx,
  Status4xx,
  Status5xx,
  OtherStatus,  ///< complete, with a status above 599, which HTTP does not know
  Truncated,    ///< the connection ended within the response
  WrongBody,    ///< complete, and the body is not what was expected
  Duplicate,    ///< the server has seen this request before, or answered it twice
  Malformed,    ///< not HTTP, or bytes where none belong
  Local,        ///< this machine could not open a connection (descriptors, ports): says nothing of the server
};
inline constexpr std::size_t kFailureKinds = 14;
const char* name_of(FailureKind kind);  ///< "refused", "4xx", "wrong_body"
/// The kind of an answer whose status was not expected.
FailureKind failure_of_status(int status);
using FailureCounts = std::array<std::uint64_t, kFailureKinds>;

/// A histogram's figures: what stays of it where many are kept.
struct LatencyFigures {
  std::uint64_t count = 0;
  std::chrono::nanoseconds min{0}, mean{0}, p50{0}, p90{0}, p99{0}, p999{0}, max{0};
  static LatencyFigures of(const Histogram& histogram);
};

/// One second of a run, counted from its start.
struct SecondFigures {
  unsigned second = 0;
  std::uint64_t requests = 0;  ///< that ended in it
  FailureCounts failures{};
  std::chrono::nanoseconds p50{0}, p99{0}, max{0};
  std::uint64_t failed() const;
};

/// What happened while a restart went on, and in the tail behind it.
struct WindowFigures {
  std::chrono::nanoseconds begin{0}, end{0};  ///< from the run's start; without the tail
  std::uint64_t requests = 0, failed = 0;
  std::chrono::nanoseconds longest_gap{0};
  LatencyFigures latency{};
};

struct KindFigures {
  std::uint64_t requests = 0, failed = 0;
  Histogram latency;
};

/// What event streams saw. Ids that are whole numbers are counted: what is left out, what comes again.
struct EventFigures {
  std::uint64_t streams = 0, received = 0, gaps = 0, repeats = 0, reconnects = 0;
};

struct WebSocketFigures {
  std::uint64_t connections = 0, sent = 0, echoed = 0, wrong = 0, unanswered = 0, reconnects = 0;
  std::map<unsigned, std::uint64_t> closes{};  ///< by code; 1006: without a Close frame
};

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
  std::uint64_t unsent = 0;    ///< open loop: due, and still without a free lane at the end
  std::uint64_t given_up = 0;  ///< under way when give_up() ended the run: neither ok nor failed
  FailureCounts failures{};
  std::uint64_t connections = 0;       ///< opened
  std::uint64_t keepalive_closed = 0;  ///< closed by the server between requests, without having said so
  std::uint64_t closed_as_told = 0;  ///< kept-alive connections that a response with Connection: close ended
  std::uint64_t bytes_in = 0;        ///< of response bodies
  std::uint64_t bytes_out = 0;       ///< of request bodies
  Histogram latency;                 ///< of complete responses; open loop: from the due time
  Histogram steady, around;          ///< its two parts: outside of windows, and within
  std::array<KindFigures, kRequestKinds> kinds{};
  std::vector<SecondFigures> seconds;
  std::vector<WindowFigures> windows;
  std::uint64_t late = 0;  ///< open loop: begun over a millisecond late though a lane was free
  std::chrono::nanoseconds latest{0};
  /// Between two successive right responses, the run's begin and end counted as such.
  std::chrono::nanoseconds longest_gap{0}, longest_gap_at{0};
  /// Until the last answer, if that came when nothing more was to be sent, or else until the stop.
  std::chrono::nanoseconds took{0};
  EventFigures events;
  WebSocketFigures websockets;
  ProbeResult probe;
  /// The first failures, each in a line: when, what, why, and how often if more than once.
  std::vector<std::string> samples;

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
  /// The first step of stop(), which does not wait; ended() tells when stop() will not wait either. From any
  /// thread.
  void begin_stop();
  bool ended() const;
  /// Does not wait for what is under way: stop() returns at once. After begin_stop(), from any thread.
  void give_up();
  /// start(), then stop() after `time`: for the command line.
  LoadResult run_for(std::chrono::milliseconds time);

  /// Complete responses and failures until now; from any thread.
  std::uint64_t answered() const;

  /// What a live line shows.
  struct Now {
    std::chrono::nanoseconds since{0};
    std::uint64_t answered = 0, failed = 0;
    SecondFigures last;  ///< the last whole second
    bool over = false;   ///< `most_requests` are answered: the run has ended by itself
  };
  Now now() const;  ///< from any thread
  /// A restart begins, or is over: what is answered between (and in the tail) is a window's. In turn; from
  /// one thread.
  void begin_window();
  void end_window();

 private:
  struct Running;
  std::unique_ptr<Driver> driver_;
  std::unique_ptr<Running> running_;
};

}  // namespace berth::load
