#include "tests/backend/witness.h"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <random>
#include <utility>

#include "backend/address.h"
#include "backend/linux_proc.h"
#include "backend/port.h"

namespace berth::backend::test {
namespace {

constexpr const char* kPrelude = R"(
import http.server, os, signal, socket, socketserver, subprocess, sys, time
PORT = int(os.environ.get('PORT', '0'))
def say(text): print(text, flush=True)
def listen(): return socket.create_server(('127.0.0.1', PORT))
def idle():
    # A signal just before a plain sleep is only handled behind it: the wakeup descriptor ends this wait at any time.
    woken, wakeup = socket.socketpair()
    wakeup.setblocking(False)
    signal.set_wakeup_fd(wakeup.fileno())
    while True: woken.recv(1)
def stay():
    say('up')
    idle()
def serve(host, port, status=200, reuse=True, family=socket.AF_INET, version='HTTP/1.0'):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = version
        def do_GET(self):
            self.send_response(status() if callable(status) else status)
            self.send_header('Content-Length', '2')
            self.end_headers()
            self.wfile.write(b'ok')
        def log_message(self, *args): pass
    class Server(http.server.ThreadingHTTPServer):
        allow_reuse_address = reuse
        address_family = family
        def server_bind(self):
            socketserver.TCPServer.server_bind(self)
            self.server_name, self.server_port = self.server_address[:2]
    Server((host, port), Handler).serve_forever()
)";

}  // namespace

bool run_until(boost::asio::io_context& loop, const std::function<bool()>& done,
               std::chrono::milliseconds limit) {
  auto end = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    if (loop.stopped()) loop.restart();
    // A short turn also sees what changes outside of the loop (a process that ends).
    loop.run_one_for(std::chrono::milliseconds(5));
  }
  return true;
}

Witness::Witness(LaunchSpec spec) { backend.emplace(loop, std::move(spec), *this); }

Witness::~Witness() {
  backend.reset();
  // Until the keepers are collected: no zombie is left to the next test.
  if (loop.stopped()) loop.restart();
  loop.run_for(std::chrono::seconds(5));
}

bool Witness::starts() {
  return run_until(loop, [this] { return !started.empty(); });
}
bool Witness::becomes_ready() {
  return run_until(loop, [this] { return ready || failure; }) && ready.has_value();
}
bool Witness::moves() {
  return run_until(loop, [this] { return moved.has_value(); });
}
bool Witness::fails() {
  return run_until(loop, [this] { return ready || failure; }) && failure.has_value();
}
bool Witness::exits() {
  return run_until(loop, [this] { return exited.has_value(); });
}
bool Witness::stops() {
  backend->stop();
  return run_until(loop, [this] { return stopped.has_value(); });
}
bool Witness::releases(std::chrono::milliseconds deadline) {
  backend->release(deadline);
  return run_until(loop, [this] { return released.has_value(); });
}
bool Witness::says(const std::string& part) {
  return run_until(loop, [&] {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return line.find(part) != std::string::npos; });
  });
}
bool Witness::notes_part(const std::string& part) const {
  return std::any_of(notes.begin(), notes.end(),
                     [&](const std::string& text) { return text.find(part) != std::string::npos; });
}

void Witness::on_started(Generation, const Started& event) {
  started.push_back(event);
  if (when_started) when_started(event);
}
void Witness::on_note(Generation, const std::string& text) { notes.push_back(text); }
void Witness::on_line(Generation, bool is_stderr, std::string_view line) {
  (is_stderr ? error_lines : lines).emplace_back(line);
}
void Witness::on_unready(Generation, const std::string& answer, unsigned times) {
  answers.push_back(answer + ", " + std::to_string(times));
}
void Witness::on_ready(Generation, const Ready& event) { ready = event; }
void Witness::on_moved(Generation, const Ready& event) { moved = event; }
void Witness::on_start_failed(Generation, const StartFailure& event) { failure = event; }
void Witness::on_exited(Generation, const ExitStatus& event) { exited = event; }
void Witness::on_stopped(Generation, const Stopped& event) { stopped = event; }
void Witness::on_released(Generation, const ReleaseCertificate& event) { released = event; }

StartFailure failure_of(LaunchSpec spec, std::chrono::milliseconds timeout) {
  spec.ready.timeout = timeout;
  Witness world(std::move(spec));
  world.backend->start();
  REQUIRE(world.fails());
  CHECK(world.stops());
  return *world.failure;
}

LaunchSpec python(const std::string& code) {
  LaunchSpec spec;
  spec.app = "web";
  spec.generation = Generation{1};
  spec.command = {"/usr/bin/python3", "-c", kPrelude + code};
  spec.ready.timeout = std::chrono::seconds(15);
  return spec;
}

LaunchSpec shell(const std::string& code) {
  LaunchSpec spec;
  spec.app = "web";
  spec.generation = Generation{1};
  spec.command = {"/bin/sh", "-c", code};
  spec.ready.timeout = std::chrono::seconds(15);
  return spec;
}

bool lives(int pid) {
  auto line = command_line(pid);
  // A zombie has no command line, only a name.
  return !line.empty() && line.front() != '[';
}

int number_said(const std::vector<std::string>& lines, const std::string& name) {
  for (const auto& line : lines) {
    if (auto at = line.find(name + "="); at != std::string::npos) {
      return std::atoi(line.c_str() + at + name.size() + 1);
    }
  }
  return 0;
}

Descriptor bound_to(const Endpoint& endpoint, Reuse reuse) {
  Descriptor fd = open_stream_socket(endpoint);
  int on = reuse == Reuse::Yes ? 1 : 0;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  auto address = socket_address(endpoint);
  if (::bind(fd.get(), address.get(), address.size) != 0) fd.reset();
  return fd;
}

Descriptor listener_on(const Endpoint& endpoint, Reuse reuse) {
  Descriptor fd = bound_to(endpoint, reuse);
  if (fd && ::listen(fd.get(), 16) != 0) fd.reset();
  return fd;
}

std::uint16_t free_number() {
  int first = 32768;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> first;
  std::random_device random;
  std::uniform_int_distribution<int> below(first / 2, first - 1);
  for (;;) {
    const auto number = static_cast<std::uint16_t>(below(random));
    if (probe(Endpoint::any_v6(number)).state == ProbeResult::State::Free) return number;
  }
}

}  // namespace berth::backend::test
