// A server in the test's own process whose every answer the test decides: for faults that are counted one by
// one. A thread per connection; holds no product code.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace berth::test {

/// One request, whole, as it came.
struct FaultyRequest {
  std::uint64_t number = 0;  ///< from 1, over all connections
  std::string method, target, head, body;
};

/// What the server does then: sends the parts, each after its time.
struct FaultyAnswer {
  struct Part {
    std::string bytes;
    std::chrono::milliseconds before{0};
  };
  std::vector<Part> parts{};
  bool close = false;  ///< behind the parts
  /// Not empty: a WebSocket from here on; each text (unmasked, numbered from 1) gets such an answer.
  std::function<FaultyAnswer(const std::string& text, std::uint64_t number)> on_text{};
};

/// A whole response with its length. `fields`: each with its CRLF.
std::string http_answer(const std::string& status, const std::string& body, const std::string& fields = "");
/// The same as an answer that keeps the connection.
FaultyAnswer answer(const std::string& body, const std::string& fields = "");
/// The answer to a WebSocket's request, and a server's frame (RFC 6455 §5.2), below 126 bytes.
std::string upgrade_answer();
std::string server_frame(const std::string& payload, int opcode = 1);
/// A Close frame with its code.
std::string close_frame(unsigned code);

/// Listens on 127.0.0.1 and a port of the OS's choice, or on a unix socket. Not copyable; ends with the test.
class FaultyServer {
 public:
  using Handler = std::function<FaultyAnswer(const FaultyRequest&)>;
  enum class Begin { Listening, Refusing };  ///< Refusing: has its port, and refuses until listen()

  /// `handler` is called by one thread at a time. Throws std::system_error.
  explicit FaultyServer(Handler handler, Begin begin = Begin::Listening, const std::string& unix_path = "");
  ~FaultyServer();
  FaultyServer(const FaultyServer&) = delete;
  FaultyServer& operator=(const FaultyServer&) = delete;

  /// What is said to the head of a request, before its body is read: an interim answer or nothing, or a final
  /// answer, which ends the connection. Before the first connection.
  void at_head(std::function<std::string(const FaultyRequest&)> say) { at_head_ = std::move(say); }

  void listen();
  std::uint16_t port() const { return port_; }
  std::string url(const std::string& path = "/") const;
  std::uint64_t requests() const { return requests_.load(); }  ///< handled until now; from any thread

 private:
  struct Peer;
  void accept_all();
  void serve(Peer& peer);
  void web_socket(Peer& peer, std::string& in, const FaultyAnswer& how);

  Handler handler_;
  std::function<std::string(const FaultyRequest&)> at_head_;
  int fd_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<std::uint64_t> requests_{0};
  std::mutex mutex_;  ///< of the handler and the peers
  std::list<Peer> peers_;
  bool ending_ = false;
  std::thread acceptor_;
};

}  // namespace berth::test
