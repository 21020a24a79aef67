#include "proxy/control/port_target.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>

#include "backend/port.h"
#include "config/loopback_name.h"
#include "config/socket_address.h"

namespace berth::control {
namespace {

std::optional<std::uint16_t> port_number(std::string_view text) {
  unsigned value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || value == 0 || value > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(value);
}

/// An address is there when port 0, which is always free, can be had on it.
bool exists(const Endpoint& any_port) {
  return backend::probe(any_port).state == backend::ProbeResult::State::Free;
}

PortTarget wildcard(std::uint16_t port) {
  const Endpoint all = exists(Endpoint::any_v6(0)) ? Endpoint::any_v6(port) : Endpoint::any_v4(port);
  return {.endpoints = {all},
          .note = std::to_string(port) + " alone is every address of this machine",
          .error = {}};
}

PortTarget loopbacks(std::uint16_t port) {
  PortTarget target{.endpoints = {Endpoint::loopback_v4(port)}, .note = {}, .error = {}};
  if (exists(Endpoint::loopback_v6(0))) target.endpoints.push_back(Endpoint::loopback_v6(port));
  return target;
}

PortTarget look_up(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int failure = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  if (failure != 0) {
    return {.endpoints = {},
            .note = {},
            .error = "no address is known for '" + host + "': " + ::gai_strerror(failure),
            .unknown_name = true};
  }
  PortTarget target;
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    sockaddr_storage storage{};
    std::memcpy(&storage, each->ai_addr, std::min<std::size_t>(each->ai_addrlen, sizeof storage));
    auto endpoint = endpoint_of(storage);
    if (!endpoint) continue;
    endpoint->port = port;
    if (std::find(target.endpoints.begin(), target.endpoints.end(), *endpoint) == target.endpoints.end())
      target.endpoints.push_back(*endpoint);
  }
  return target;
}

}  // namespace

PortTarget find_port_target(const std::string& asked) {
  const auto wrong = [&](const std::string& why) {
    return PortTarget{.endpoints = {}, .note = {}, .error = "'" + asked + "': " + why};
  };
  if (asked.starts_with("unix:")) {
    if (const auto path = Endpoint::parse(asked)) return {.endpoints = {*path}, .note = {}, .error = {}};
    return wrong("a path is missing behind unix:");
  }
  if (asked.find("://") != std::string::npos) return wrong("that is a URL; write HOST:PORT");
  const auto colon = asked.rfind(':');
  const bool bare = colon == std::string::npos;
  const std::string host = bare ? "" : asked.substr(0, colon);
  const std::string number = bare ? asked : asked.substr(colon + 1);
  const auto port = port_number(number);
  if (!port) {
    const bool digits = !number.empty() && number.find_first_not_of("0123456789") == std::string::npos;
    return wrong(digits ? "a port is a number from 1 to 65535"
                        : "write HOST:PORT, [IPV6]:PORT, PORT or unix:/path");
  }
  if (host.empty() || host == "*") return wildcard(*port);
  if (is_loopback_name(host)) return loopbacks(*port);
  if (const auto address = Endpoint::parse(asked)) return {.endpoints = {*address}, .note = {}, .error = {}};
  if (host.find('%') != std::string::npos) return wrong("addresses with a zone (%eth0) are not supported");
  if (host.find(':') != std::string::npos) return wrong("an IPv6 address stands in brackets: [::1]:8000");
  if (host.find_first_of("[]/ ") != std::string::npos)
    return wrong("'" + host + "' is neither address nor name");
  return look_up(host, *port);
}

}  // namespace berth::control
