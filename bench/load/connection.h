// One client connection: connects, sends a request, reads and checks its response, and tells how it ended.
// Lives in the driver's loop and is driven by its epoll set; knows neither pace nor statistics.
#pragma once

#include <boost/crc.hpp>
#include <chrono>
#include <cstdint>
#include <string>

#include "bench/load/dial.h"
#include "bench/load/load.h"
#include "bench/load/request_source.h"
#include "bench/load/response_reader.h"

namespace berth::load {

/// How one exchange ended.
struct Outcome {
  bool ok = false;
  FailureKind kind = FailureKind::Reset;  ///< if not ok
  std::string detail{};                   ///< if not ok
  bool reusable = false;                  ///< the connection can carry another request
  std::uint32_t crc = 0;                  ///< CRC-32 of the body, where the shape is `learned`
  bool closed_untold = false;             ///< the server closed it behind a response that promised more
};

/// A lane's connection: closed, idle or busy with one exchange.
class Connection {
 public:
  enum class Event : std::uint8_t {
    None,        ///< nothing that its owner must know
    Finished,    ///< the exchange is over: see outcome()
    IdleClosed,  ///< the server closed it between exchanges
    IdleBytes,   ///< bytes came that belong to no exchange; it is closed, and outcome() says what they are
  };

  Connection(int epoll, std::uint64_t token) : epoll_(epoll), token_(token) {}
  ~Connection() { close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// The request of the next exchange: filled by the owner before begin().
  Request& request() { return request_; }

  /// Begins an exchange on the open connection, or on a new one to `address`. Finished may follow at once.
  Event begin(const Address& address, Clock::time_point now);

  /// `events` as epoll told them.
  Event on_ready(std::uint32_t events);

  /// Sends the body of a request that waits for 100 (Continue), if it has waited for long (RFC 9110 §10.1.1).
  Event send_body_late(Clock::time_point now);

  /// Ends a running exchange as timed out.
  Event time_out();

  void close();
  bool open() const { return fd_ >= 0; }
  bool busy() const { return busy_; }
  Clock::time_point since() const { return since_; }  ///< begin of the running exchange
  const Outcome& outcome() const { return outcome_; }
  std::uint64_t body_bytes() const { return body_bytes_; }  ///< received in this exchange
  std::uint64_t exchanges() const { return exchanges_; }    ///< begun on this socket

 private:
  Event connect(const Address& address);
  Event flush();
  Event release_body();
  Event receive();
  Event take(std::string_view bytes);
  Event complete(std::string_view behind);
  Event fail(FailureKind kind, std::string detail);
  Event ended_by_peer(int error);
  std::size_t size() const { return request_.wire.size() + request_.tail.size(); }
  bool verified(std::string& why) const;
  void notice_close();

  int epoll_;
  std::uint64_t token_;
  int fd_ = -1;
  bool connecting_ = false;
  bool busy_ = false;
  bool send_failed_ = false;
  bool holds_body_ = false;  ///< the head is sent alone, and 100 (Continue) has not come
  bool body_differs_ = false;
  boost::crc_32_type crc_;
  Request request_;
  std::size_t sent_ = 0;
  std::uint64_t body_bytes_ = 0;
  std::uint64_t exchanges_ = 0;
  Clock::time_point since_;
  ResponseReader reader_;
  Outcome outcome_;
};

}  // namespace berth::load
