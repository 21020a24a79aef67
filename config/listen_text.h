// The text of `listen`: where a front is reached. Text to value; asks the system nothing. Pure.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/endpoint.h"

namespace berth {

/// What a text of `listen` names.
struct ListenText {
  std::vector<Endpoint> addresses;
  std::vector<std::string> inherited;  ///< names of listeners that systemd hands over; "" is all of them
  std::vector<Endpoint> by_name{};     ///< of `addresses`, those that `localhost` gave
};

/// "HOST:PORT", "PORT" (of 127.0.0.1), "unix:/PATH", "systemd" or "systemd:NAME", several with commas
/// between; `localhost:N` is 127.0.0.1 and ::1. A host is an address or localhost. The string is what is
/// wrong with it.
std::variant<ListenText, std::string> parse_listen(std::string_view text);

/// The text of each address that a text of `listen` names, as it was written, without the blanks around it.
std::vector<std::string> listen_items(std::string_view text);

/// Whether two listeners cannot both be had: one would take what the other is to get. The string is empty
/// where they can, else names both.
std::string overlap_text(const ListenText& a, const ListenText& b);

/// The same within one.
std::string overlap_text(const ListenText& a);

/// Whether who connects to `address` surely meets `listener`: it is the same, or a loopback's under a
/// wildcard.
bool reaches(const Endpoint& address, const Endpoint& listener);

}  // namespace berth
