// A server within the test that records every byte that reaches it, by connection, and does what a row tells
// it. It answers /settle by itself and keeps no record of that.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/conformance/request_reader.h"
#include "tests/conformance/row.h"

namespace berth::test {

/// What came over one connection.
struct SeenConnection {
  std::string bytes;
  std::vector<SeenRequest> requests;
  std::size_t read = 0;  ///< bytes that belong to whole requests
};

/// Listens on 127.0.0.1, on a port of the OS's choice, with a thread of its own. Throws std::runtime_error
/// where it cannot. begin(), seen() and end() are called in turn, from one thread.
class RecordingBackend {
 public:
  RecordingBackend();
  ~RecordingBackend();
  RecordingBackend(const RecordingBackend&) = delete;
  RecordingBackend& operator=(const RecordingBackend&) = delete;

  std::uint16_t port() const { return port_; }

  /// Forgets what came before.
  void begin(const Steps& steps);
  /// Waits until all steps are done; false at the deadline.
  bool wait_done(std::chrono::milliseconds deadline);
  /// What has come since begin(), connections without a byte left out.
  std::vector<SeenConnection> seen();
  /// Ends the connections that are left, and waits until the other side has closed them too, so that none of
  /// them serves the next row.
  void end();

 private:
  struct Connection {
    int fd = -1;
    SeenConnection seen;
    bool scripted = false;
    unsigned settles = 0;  ///< to be answered
    std::size_t heard = 0;
    std::size_t taken = 0;  ///< requests that were answered or waited for
  };

  void run();
  void read_all();
  void read(Connection& connection);
  void take_requests(Connection& connection);
  void advance(Connection& connection);
  bool step(Connection& connection, const Step& step);
  void close(Connection& connection);

  int listener_ = -1;
  int wake_ = -1;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  Steps steps_;
  std::size_t done_ = 0;  ///< of the steps
  bool claimed_ = false;  ///< a connection does the steps
  unsigned settles_ = 0;
  std::list<Connection> connections_;
  std::vector<SeenConnection> ended_;
  std::thread thread_;
};

}  // namespace berth::test
