#include "config/listen_text.h"

#include <algorithm>

#include "config/loopback_name.h"
#include "config/socket_address.h"

namespace berth {
namespace {

constexpr std::string_view kSystemd = "systemd";
constexpr std::size_t kMostAddresses = 64;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Why one address does not parse, or nothing and the endpoints appended.
/// An absolute path: what serves and what asks need not have one working directory. The string is what is
/// wrong.
std::string add_path(const Endpoint& endpoint, const std::string& quoted, std::vector<Endpoint>& into) {
  if (!endpoint.path.starts_with("/")) return quoted + "; write the whole path, as in unix:/run/app.sock";
  if (endpoint.path.ends_with("/")) return quoted + " names a directory; write unix:/DIRECTORY/NAME.sock";
  if (socket_address(endpoint).size == 0)
    return quoted + ": a unix socket's path has at most 107 bytes, this one has " +
           std::to_string(endpoint.path.size());
  into.push_back(endpoint);
  return {};
}

/// "systemd", "systemd:web"
bool add_inherited(std::string_view text, std::vector<std::string>& into) {
  if (text != kSystemd && !text.starts_with("systemd:")) return false;
  into.emplace_back(text.substr(std::min(text.size(), kSystemd.size() + 1)));
  return true;
}

std::string add_address(std::string_view text, ListenText& names) {
  std::vector<Endpoint>& into = names.addresses;
  std::string quoted = "'" + std::string(text) + "'";
  if (text.empty()) return "an address is missing; write HOST:PORT, for example 127.0.0.1:8000";
  if (auto endpoint = Endpoint::parse(text)) {
    if (endpoint->family == Endpoint::Family::Unix) return add_path(*endpoint, quoted, into);
    into.push_back(*endpoint);
    return {};
  }
  if (const auto scheme = text.find("://"); scheme != std::string_view::npos) {
    const std::string_view place = text.substr(scheme + 3, text.find('/', scheme + 3) - scheme - 3);
    return quoted + " is a URL; write " + (Endpoint::parse(place) ? std::string(place) : "HOST:PORT");
  }
  if (text == "unix:") return quoted + " has no path; write unix:/run/app.sock";
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    bool digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits) return quoted + " has no port; write HOST:PORT, for example 127.0.0.1:8000";
    const auto here = Endpoint::parse("127.0.0.1:" + std::string(text));
    if (!here) return quoted + ": the port must be a number from 0 to 65535";
    into.push_back(*here);
    return {};
  }
  std::string_view host = text.substr(0, colon);
  auto with_any = Endpoint::parse("0.0.0.0" + std::string(text.substr(colon)));
  if (!with_any) return quoted + ": the port must be a number from 0 to 65535";
  if (is_loopback_name(host)) {
    for (const Endpoint& each :
         {Endpoint::loopback_v4(with_any->port), Endpoint::loopback_v6(with_any->port)}) {
      into.push_back(each);
      names.by_name.push_back(each);
    }
    return {};
  }
  if (host.find('%') != std::string_view::npos)
    return quoted + ": addresses with a zone (%eth0) are not supported";
  if (host.empty()) return quoted + " has no host; write 0.0.0.0" + std::string(text) + " for every address";
  if (host.find(':') != std::string_view::npos && host.front() != '[') {
    return quoted + ": an IPv6 address stands in brackets, as in [::1]:8000";
  }
  return quoted + ": names are not looked up; write an address, or localhost";
}

bool overlap(const Endpoint& a, const Endpoint& b) {
  if (a.family == Endpoint::Family::Unix || b.family == Endpoint::Family::Unix) return a == b;
  if (a.port != b.port) return false;
  // [::] is dual stack, as public_listen opens it.
  const bool dual = a == Endpoint::any_v6(a.port) || b == Endpoint::any_v6(b.port);
  if (a.family != b.family) return dual;
  return a.address == b.address || a.is_wildcard() || b.is_wildcard();
}

/// The OS chooses its number, one for all such addresses of a list.
bool chosen_later(const Endpoint& address) {
  return address.family != Endpoint::Family::Unix && address.port == 0;
}

bool same_inherited(std::string_view a, std::string_view b) { return a.empty() || b.empty() || a == b; }

std::string inherited_text(std::string_view name) {
  return std::string(kSystemd) + (name.empty() ? "" : ":") + std::string(name);
}

}  // namespace

std::vector<std::string> listen_items(std::string_view text) {
  std::vector<std::string> items;
  while (true) {
    const auto comma = text.find(',');
    items.emplace_back(trimmed(text.substr(0, comma)));
    if (comma == std::string_view::npos) return items;
    text.remove_prefix(comma + 1);
  }
}

std::variant<ListenText, std::string> parse_listen(std::string_view text) {
  ListenText names;
  for (const std::string& one : listen_items(text)) {
    if (!add_inherited(one, names.inherited)) {
      if (std::string wrong = add_address(one, names); !wrong.empty()) return wrong;
    }
    if (names.addresses.size() + names.inherited.size() > kMostAddresses)
      return "at most " + std::to_string(kMostAddresses) + " addresses in one list";
  }
  return names;
}

std::string overlap_text(const ListenText& a, const ListenText& b) {
  for (const Endpoint& one : a.addresses)
    for (const Endpoint& other : b.addresses)
      if (!chosen_later(one) && overlap(one, other)) return one.text() + " overlaps " + other.text();
  for (const std::string& one : a.inherited)
    for (const std::string& other : b.inherited)
      if (same_inherited(one, other)) return inherited_text(one) + " overlaps " + inherited_text(other);
  return {};
}

std::string overlap_text(const ListenText& a) {
  ListenText seen;
  for (const Endpoint& one : a.addresses) {
    for (const Endpoint& other : seen.addresses)
      if (overlap(one, other))
        return one.text() + " overlaps " + other.text() +
               (chosen_later(one) ? ": all :0 of one list are one number" : "");
    seen.addresses.push_back(one);
  }
  for (const std::string& one : a.inherited) {
    if (std::string wrong = overlap_text({{}, {one}, {}}, seen); !wrong.empty()) return wrong;
    seen.inherited.push_back(one);
  }
  return {};
}

bool reaches(const Endpoint& address, const Endpoint& listener) {
  if (address == listener) return true;
  return listener.is_wildcard() && address.is_loopback() && overlap(address, listener);
}

}  // namespace berth
