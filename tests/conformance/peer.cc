#include "tests/conformance/peer.h"

#include <sys/stat.h>
#include <unistd.h>

#include <regex>
#include <stdexcept>

#include "tests/support/held_socket.h"
#include "tests/support/raw_client.h"
#include "tests/support/wait_until.h"

namespace berth::test {
namespace {

constexpr const char* kNginx = R"(worker_processes 1;
daemon off;
master_process off;
pid {dir}/pid;
error_log {dir}/errors;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path {dir}/bodies;
  proxy_temp_path {dir}/answers;
  fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream backend { server 127.0.0.1:{backend}; keepalive 16; }
  server {
    listen 127.0.0.1:{port};
    location / {
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_buffering off;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }
  }
}
)";

constexpr const char* kHaproxy = R"(global
  nbthread 1
  maxconn 200
defaults
  mode http
  timeout connect 2s
  timeout client 10s
  timeout server 10s
  timeout tunnel 10s
  timeout http-request 5s
  option forwardfor
frontend front
  bind 127.0.0.1:{port}
  default_backend back
backend back
  http-reuse always
  server one 127.0.0.1:{backend}
)";

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
  return text;
}

std::string version_of(const std::vector<std::string>& command) {
  try {
    const std::string said = run_command({.command = command}).all();
    std::smatch found;
    return std::regex_search(said, found, std::regex("[0-9]+\\.[0-9]+\\.[0-9]+")) ? found.str() : "";
  } catch (const std::exception&) {
    return "";
  }
}

bool serves(std::uint16_t port) {
  try {
    return get(port, "/settle", std::chrono::seconds(2)).body == "settled";
  } catch (const std::exception&) {
    return false;  // it does not listen yet
  }
}

}  // namespace

PeerKind nginx() { return {"nginx", "/usr/sbin/nginx", version_of({"/usr/sbin/nginx", "-v"}), kNginx}; }
PeerKind haproxy() {
  return {"HAProxy", "/usr/sbin/haproxy", version_of({"/usr/sbin/haproxy", "-v"}), kHaproxy};
}

Peer::Peer(const PeerKind& kind, std::uint16_t backend) {
  ::chmod(dir_.path().c_str(), 0777);
  std::string output;
  // Somebody else may take the number before it does: then with another one.
  for (int attempt = 0; attempt < 3; ++attempt) {
    port_ = HeldSocket({.listening = false}).port();
    std::string text = replaced(kind.settings, "{port}", std::to_string(port_));
    text = replaced(replaced(text, "{backend}", std::to_string(backend)), "{dir}", dir_.path());
    write_file(dir_ / "settings", text);
    std::vector<std::string> command;
    if (::getuid() == 0) command = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
    command.push_back(kind.program);
    if (kind.name == "nginx")
      command.insert(command.end(), {"-e", dir_ / "errors", "-p", dir_.path(), "-c", dir_ / "settings"});
    else
      command.insert(command.end(), {"-db", "-f", dir_ / "settings"});
    child_ = std::make_unique<ChildProcess>(ChildOptions{.command = command});
    if (wait_until([&] { return serves(port_); }, std::chrono::seconds(5))) return;
    output += child_->out() + child_->err() + read_file(dir_ / "errors");
  }
  throw std::runtime_error(kind.name + " does not serve: " + output);
}

}  // namespace berth::test
