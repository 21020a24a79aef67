#include "proxy/load/load_url.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <vector>

#include "config/loopback_name.h"
#include "config/socket_address.h"

namespace berth::load_verb {
namespace {

using load::LoadTarget;

constexpr int kConnectMs = 1'000;

/// Does anybody accept a connection there?
bool accepts(const Endpoint& endpoint) {
  const SocketAddress address = socket_address(endpoint);
  const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  bool connected = ::connect(fd, address.get(), address.size) == 0;
  if (!connected && errno == EINPROGRESS) {
    pollfd waiting{fd, POLLOUT, 0};
    int error = 1;
    socklen_t size = sizeof error;
    connected = ::poll(&waiting, 1, kConnectMs) == 1 &&
                ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
  }
  ::close(fd);
  return connected;
}

/// All addresses of a name; the string is the resolver's reason where there is none.
std::variant<std::vector<Endpoint>, std::string> look_up(const std::string& host, std::uint16_t port) {
  if (is_loopback_name(host)) return std::vector{Endpoint::loopback_v4(port), Endpoint::loopback_v6(port)};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &list); code != 0)
    return std::string(::gai_strerror(code));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  std::vector<Endpoint> found;
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    sockaddr_storage storage{};
    std::copy_n(static_cast<const char*>(static_cast<const void*>(each->ai_addr)),
                std::min<std::size_t>(each->ai_addrlen, sizeof storage),
                static_cast<char*>(static_cast<void*>(&storage)));
    if (auto endpoint = endpoint_of(storage)) {
      endpoint->port = port;
      found.push_back(*endpoint);
    }
  }
  if (found.empty()) return std::string("it has no address of IPv4 or IPv6");
  return found;
}

/// Takes "NAME://" off, in any case: the name, in lower case; empty if there is none.
std::string take_scheme(std::string_view& text) {
  const auto end = text.find(":/");
  if (end == std::string_view::npos || end == 0 ||
      text.substr(0, end).find_first_of("/?#[.:@") != std::string_view::npos)
    return {};
  std::string scheme(text.substr(0, end));
  for (char& c : scheme) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  if (scheme == "unix") return {};  // unix:/run/app.sock
  text.remove_prefix(std::min(text.size(), end + 1 + (text.substr(end + 1).starts_with("//") ? 2 : 1)));
  return scheme;
}

std::string misfit_of_scheme(const std::string& scheme, bool whole) {
  if (scheme == "https" || scheme == "wss")
    return "berth load speaks plain HTTP: name the server that is behind the TLS";
  if (scheme == "ws") return "write http:// and give --mix websocket=N";
  if (!scheme.empty() && scheme != "http") return "berth load speaks http, and no " + scheme;
  return whole ? "" : "two slashes follow http: as in http://127.0.0.1:8000/";
}

/// The port's digits off the authority; the string is what is wrong.
std::string take_port(std::string_view& authority, std::string& port) {
  const auto colon = authority.rfind(':');
  const bool bracketed = authority.starts_with("[");
  port = "80";
  if (colon != std::string_view::npos && (!bracketed || authority[colon - 1] == ']')) {
    port = authority.substr(colon + 1);
    authority = authority.substr(0, colon);
  }
  const bool digits = !port.empty() && port.size() <= 5 &&
                      std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || std::stoi(port) > 65'535 || std::stoi(port) == 0) return "its port is no number of a port";
  return {};
}

std::string take_host(std::string_view authority, std::string& host) {
  if (authority.find('%') != std::string_view::npos)
    return "a host with % in it (an address with a zone, or an escape) is not supported";
  if (authority.starts_with("[")) {
    if (!authority.ends_with("]")) return "an IPv6 address stands in brackets: http://[::1]:8000/";
    host = authority.substr(1, authority.size() - 2);
    in6_addr ignored{};
    if (::inet_pton(AF_INET6, host.c_str(), &ignored) != 1)
      return "what stands in brackets is no IPv6 address";
    return {};
  }
  if (authority.find(':') != std::string_view::npos)
    return "an IPv6 address stands in brackets: http://[::1]:8000/";
  host = authority;
  const bool odd = std::any_of(host.begin(), host.end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == 0x7f ||
           std::string_view("\"<>\\^`{|}[]").find(c) != std::string_view::npos;
  });
  return host.empty() || odd ? "it has no host: write http://127.0.0.1:8000/" : "";
}

}  // namespace

std::string misfit_of_path(std::string_view path) {
  if (path.find('#') != std::string_view::npos) return "what follows # is never sent: leave it out";
  const bool odd = std::any_of(path.begin(), path.end(),
                               [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; });
  return !path.starts_with('/') || odd ? "its path is malformed: a blank is written %20" : "";
}

std::string sent_path(std::string_view path) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string text;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      ((text += '%') += kHex[byte >> 4]) += kHex[byte & 15];
    }
  }
  return text;
}

std::variant<Url, std::string> parse_url(std::string_view text) {
  const std::string_view given = text;
  const std::string scheme = take_scheme(text);
  const bool whole = scheme.empty() || given.substr(scheme.size()).starts_with("://");
  if (auto what = misfit_of_scheme(scheme, whole); !what.empty()) return what;
  Url url;
  if (text.starts_with("unix:")) {
    text.remove_prefix(5);
    const auto colon = text.find(':');
    url.unix_path = text.substr(0, colon);
    if (colon != std::string_view::npos) url.path = text.substr(colon + 1);
    url.host_field = "localhost";
    if (!url.unix_path.starts_with('/')) return "a unix socket's path starts with /";
  } else {
    const auto end = std::min(text.find_first_of("/?#"), text.size());
    std::string_view authority = text.substr(0, end);
    if (end < text.size()) url.path = (text[end] == '/' ? "" : "/") + std::string(text.substr(end));
    if (authority.find('@') != std::string_view::npos)
      return "a user's name and password are no part of it: give --header 'Authorization: Basic ...'";
    url.host_field = authority;
    if (auto what = take_port(authority, url.port); !what.empty()) return what;
    if (auto what = take_host(authority, url.host); !what.empty()) return what;
  }
  if (auto what = misfit_of_path(url.path); !what.empty()) return what;
  url.path = sent_path(url.path);
  return url;
}

std::variant<LoadTarget, std::string> resolve(const Url& url) {
  LoadTarget target;
  if (!url.unix_path.empty()) {
    target.unix_path = url.unix_path;
    return target;
  }
  target.port = static_cast<std::uint16_t>(std::stoi(url.port));
  const auto looked_up = look_up(url.host, target.port);
  if (const auto* why = std::get_if<std::string>(&looked_up))
    return "the name " + url.host + " does not resolve: " + *why;
  // localhost is two addresses, and a server often listens on one of them.
  const auto& all = std::get<std::vector<Endpoint>>(looked_up);
  const auto taken = all.size() == 1 ? all.begin() : std::find_if(all.begin(), all.end(), accepts);
  target.address = (taken == all.end() ? all.front() : *taken).host();
  return target;
}

}  // namespace berth::load_verb
