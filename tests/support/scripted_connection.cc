#include "tests/support/scripted_connection.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>

namespace berth::test {
namespace {

using Clock = std::chrono::steady_clock;

const Clock::time_point begun = Clock::now();
std::atomic<int> answered{0};

void pause_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

std::string lower(std::string text) {
  for (auto& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return text;
}

class Connection {
 public:
  Connection(int fd, const ScriptedOptions& options) : fd_(fd), options_(options) {}
  void serve();

 private:
  bool fill(int idle_ms);
  bool send(const std::string& bytes);
  bool read_head();
  bool read_line(std::string& line);
  bool read_exactly(std::size_t size, std::string& into);
  bool read_body(std::string& body);
  bool reply(int status, const std::string& body);
  bool answer();
  bool stream_for_ever();
  bool raw();
  std::string value_of(const std::string& name) const;

  int fd_;
  const ScriptedOptions& options_;
  std::string buffer_;
  std::string head_;
  std::string method_;
  std::string path_;
  std::string query_;
  bool chunked_ = false;
  bool close_ = false;
  bool served_ = false;  ///< a request, at least: from then on it may lie idle
};

bool Connection::fill(int idle_ms) {
  pollfd fd{fd_, POLLIN, 0};
  if (::poll(&fd, 1, idle_ms > 0 ? idle_ms : -1) <= 0) return false;
  std::array<char, 64 * 1024> bytes;
  const auto n = ::recv(fd_, bytes.data(), bytes.size(), 0);
  if (n <= 0) return false;
  buffer_.append(bytes.data(), static_cast<std::size_t>(n));
  if (!options_.record.empty()) append_to(options_.record, {bytes.data(), static_cast<std::size_t>(n)});
  return true;
}

bool Connection::send(const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const auto n = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return false;
    sent += static_cast<std::size_t>(n);
  }
  return true;
}

bool Connection::read_head() {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill(served_ ? options_.idle_close_ms : 0)) return false;
  }
  head_ = buffer_.substr(0, end + 4);
  buffer_.erase(0, end + 4);
  method_ = head_.substr(0, head_.find(' '));
  const auto target_at = method_.size() + 1;
  path_ = head_.substr(target_at, head_.find(' ', target_at) - target_at);
  const auto mark = path_.find('?');
  query_ = mark == std::string::npos ? "" : path_.substr(mark + 1);
  path_ = path_.substr(0, mark);
  chunked_ = lower(value_of("transfer-encoding")).find("chunked") != std::string::npos;
  close_ = options_.close || lower(value_of("connection")).find("close") != std::string::npos;
  return true;
}

std::string Connection::value_of(const std::string& name) const {
  const auto all = lower(head_);
  const auto at = all.find("\r\n" + name + ":");
  if (at == std::string::npos) return {};
  const auto start = head_.find_first_not_of(" \t", at + name.size() + 3);
  return head_.substr(start, head_.find("\r\n", start) - start);
}

bool Connection::read_line(std::string& line) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n")) == std::string::npos) {
    if (!fill(0)) return false;
  }
  line = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  return true;
}

bool Connection::read_exactly(std::size_t size, std::string& into) {
  while (buffer_.size() < size) {
    if (!fill(0)) return false;
  }
  into.append(buffer_, 0, size);
  buffer_.erase(0, size);
  return true;
}

bool Connection::read_body(std::string& body) {
  if (lower(value_of("expect")).find("100-continue") != std::string::npos &&
      !send("HTTP/1.1 100 Continue\r\n\r\n")) {
    return false;
  }
  if (!chunked_) return read_exactly(std::strtoul(value_of("content-length").c_str(), nullptr, 10), body);
  for (;;) {
    std::string line, end;
    if (!read_line(line)) return false;
    const auto size = std::strtoul(line.c_str(), nullptr, 16);
    if (size == 0) break;
    if (!read_exactly(size, body) || !read_line(end)) return false;
  }
  std::string trailer;
  do {
    if (!read_line(trailer)) return false;
  } while (!trailer.empty());
  return true;
}

bool Connection::reply(int status, const std::string& body) {
  std::string out = "HTTP/1.1 " + std::to_string(status) + " Scripted\r\nServer: scripted\r\n";
  out += "X-Pid: " + std::to_string(::getpid()) + "\r\n";
  if (close_) out += "Connection: close\r\n";
  const bool bodiless = status == 204 || status == 304;
  if (chunked_ && !bodiless) {
    out += "Transfer-Encoding: chunked\r\n\r\n";
    std::array<char, 24> size{};
    std::snprintf(size.data(), size.size(), "%zx\r\n", body.size());
    if (!body.empty() && method_ != "HEAD") out += size.data() + body + "\r\n";
    if (method_ != "HEAD") out += "0\r\n\r\n";
  } else {
    if (!bodiless) out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    out += "\r\n";
    if (!bodiless && method_ != "HEAD") out += body;
  }
  const bool sent = send(out);
  if (++answered == options_.exit_after_requests) ::_exit(6);
  return sent && !close_;
}

bool Connection::stream_for_ever() {
  if (!send("HTTP/1.1 200 OK\r\nServer: scripted\r\nTransfer-Encoding: chunked\r\n\r\n")) return false;
  while (send("4\r\nmore\r\n")) pause_ms(20);
  return false;
}

bool Connection::raw() {
  std::ifstream file(options_.reply, std::ios::binary);
  std::string bytes(std::filesystem::file_size(options_.reply), '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  send(bytes);
  return false;
}

bool Connection::answer() {
  const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun).count();
  if (options_.nonsense) return send("\x01\x02 what is this?\r\n\r\n") && false;
  if (path_ == "/early") {
    close_ = true;
    return reply(413, "too much\n");
  }
  if (path_ == "/die") ::_exit(9);
  std::string body;
  if (!read_body(body)) return false;
  if (options_.mute) {
    while (fill(0)) {
    }
    return false;
  }
  if (age < options_.ready_after_ms) return reply(503, "not ready\n");
  if (options_.status != 0) return reply(options_.status, "status as told\n");
  if (path_ == "/echo") return reply(200, body);
  if (path_ == "/head") return reply(200, head_);
  if (path_ == "/forever") return stream_for_ever();
  if (path_ == "/raw") return raw();
  if (path_ == "/half" || path_ == "/cut") {
    send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789");
    if (path_ == "/half") ::_exit(9);
    return false;
  }
  if (path_ == "/slow") pause_ms(std::atoi(query_.c_str()));
  if (path_.starts_with("/status/")) return reply(std::atoi(path_.c_str() + 8), "as asked\n");
  return reply(200, options_.name.empty() ? std::to_string(::getpid()) + "\n" : options_.name + "\n");
}

void Connection::serve() {
  while (read_head() && answer()) served_ = true;
  // Bytes that were not read would turn the close into a reset, which could overtake the answer.
  ::shutdown(fd_, SHUT_WR);
  while (fill(200)) {
  }
  ::close(fd_);
}

}  // namespace

void append_to(const std::string& path, const std::string& text) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return;
  [[maybe_unused]] const auto written = ::write(fd, text.data(), text.size());
  ::close(fd);
}

void serve_scripted(int fd, const ScriptedOptions& options) { Connection(fd, options).serve(); }

}  // namespace berth::test
