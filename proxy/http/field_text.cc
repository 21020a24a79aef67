#include "proxy/http/field_text.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "proxy/http/octets.h"

namespace berth::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// Whether the token at `name`, as long as `known`, is it. In a token the bit 0x20 is case and nothing else:
/// no other octet that differs from a letter or a hyphen by it alone is a tchar (RFC 9110 §5.6.2).
template <std::size_t N>
bool spells(const char* name, const char (&known)[N]) {
  constexpr std::size_t kSize = N - 1;
  using Word = std::conditional_t<kSize >= 8, std::uint64_t,
                                  std::conditional_t<kSize >= 4, std::uint32_t, std::uint16_t>>;
  Word difference = 0;
  for (std::size_t i = 0; i < kSize; i += sizeof(Word)) {
    const std::size_t at = std::min(i, kSize - sizeof(Word));  // the last may overlap the one before
    Word octets = 0;
    Word expected = 0;
    std::memcpy(&octets, name + at, sizeof octets);
    std::memcpy(&expected, known + at, sizeof expected);
    difference |= static_cast<Word>((octets | static_cast<Word>(0x2020202020202020U)) ^ expected);
  }
  return difference == 0;
}

bool is_alphanumeric(char c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'); }

/// Whether `name` begins with `known`, whatever stands for its hyphens.
bool begins_as(std::string_view name, std::string_view known) {
  if (name.size() < known.size()) return false;
  for (std::size_t i = 0; i < known.size(); ++i) {
    const char c = is_alphanumeric(name[i]) ? static_cast<char>(name[i] | 0x20) : '-';
    if (c != known[i]) return false;
  }
  return true;
}

constexpr std::string_view kForwarded = "x-forwarded-";

/// X-Forwarded-…, spelt with hyphens.
FieldTag tag_of_forwarded(std::string_view rest) {
  if (equals_lower(rest, "for")) return FieldTag::XForwardedFor;
  if (equals_lower(rest, "host")) return FieldTag::XForwardedHost;
  if (equals_lower(rest, "prefix")) return FieldTag::XForwardedPrefix;
  return equals_lower(rest, "proto") ? FieldTag::XForwardedProto : FieldTag::XForwarded;
}

/// Of a name that begins with an x.
FieldTag tag_of_extension(std::string_view name) {
  constexpr std::string_view kRealIp = "x-real-ip";
  constexpr std::string_view kRequestId = "x-request-id";
  const bool forwarded = begins_as(name, kForwarded);
  const bool real_ip = name.size() == kRealIp.size() && begins_as(name, kRealIp);
  const bool request_id = name.size() == kRequestId.size() && begins_as(name, kRequestId);
  if (!forwarded && !real_ip && !request_id) return FieldTag::Other;
  const auto is_spelt = [](char c) { return is_alphanumeric(c) || c == '-'; };
  if (!std::all_of(name.begin(), name.end(), is_spelt)) return FieldTag::Folded;
  if (forwarded) return tag_of_forwarded(name.substr(kForwarded.size()));
  return real_ip ? FieldTag::RealIp : FieldTag::RequestId;
}

}  // namespace

std::string_view next_item(std::string_view& list) {
  const std::size_t comma = std::min(list.find(','), list.size());
  std::string_view item = list.substr(0, comma);
  list.remove_prefix(std::min(comma + 1, list.size()));
  while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
  while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
  return item;
}

bool equals_lower(std::string_view text, std::string_view expected) {
  return std::equal(text.begin(), text.end(), expected.begin(), expected.end(),
                    [](char a, char b) { return lower(a) == b; });
}

bool equals_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool has_token(std::string_view value, std::string_view token) {
  while (!value.empty()) {
    const std::string_view item = next_item(value);
    if (equals_lower(item.substr(0, std::min(item.find_first_of("; /\t"), item.size())), token)) return true;
  }
  return false;
}

bool lists_name(std::string_view value, std::string_view name) {
  while (!value.empty()) {
    if (equals_name(next_item(value), name)) return true;
  }
  return false;
}

std::string_view media_type(std::string_view value) {
  value = value.substr(0, value.find(';'));
  while (!value.empty() && is_blank(value.back())) value.remove_suffix(1);
  return value;
}

bool lists_media_type(std::string_view value, std::string_view type) {
  while (!value.empty())
    if (equals_lower(media_type(next_item(value)), type)) return true;
  return false;
}

bool names_other_codings(std::string_view value) {
  if (is_token(value)) return true;
  for (;;) {
    const bool last = value.find(',') == std::string_view::npos;
    const std::string_view coding = next_item(value);
    if (!is_token(coding) || equals_lower(coding, "chunked") != last) return false;
    if (last) return true;
  }
}

bool is_forwarding_name(std::string_view name) { return begins_as(name, kForwarded); }

bool is_client_name(std::string_view name) { return tag_of_extension(name) != FieldTag::Other; }

FieldTag tag_of(std::string_view name) {
  const char* const at = name.data();
  if (name.empty()) return FieldTag::Other;
  const char first = static_cast<char>(name[0] | 0x20);
  if (first == 'x') return tag_of_extension(name);
  switch (name.size()) {
    case 2:
      return spells(at, "te") ? FieldTag::Te : FieldTag::Other;
    case 3:
      return spells(at, "via") ? FieldTag::Via : FieldTag::Other;
    case 4:
      if (first == 'd') return spells(at, "date") ? FieldTag::Date : FieldTag::Other;
      return spells(at, "host") ? FieldTag::Host : FieldTag::Other;
    case 6:
      if (first == 'a') return spells(at, "accept") ? FieldTag::Accept : FieldTag::Other;
      return spells(at, "expect") ? FieldTag::Expect : FieldTag::Other;
    case 7:
      return spells(at, "upgrade") ? FieldTag::Upgrade : FieldTag::Other;
    case 9:
      return spells(at, "forwarded") ? FieldTag::Forwarded : FieldTag::Other;
    case 10:
      if (first == 'c') return spells(at, "connection") ? FieldTag::Connection : FieldTag::Other;
      return spells(at, "keep-alive") ? FieldTag::KeepAlive : FieldTag::Other;
    case 14:
      return spells(at, "content-length") ? FieldTag::ContentLength : FieldTag::Other;
    case 16:
      return spells(at, "proxy-connection") ? FieldTag::ProxyConnection : FieldTag::Other;
    case 17:
      return spells(at, "transfer-encoding") ? FieldTag::TransferEncoding : FieldTag::Other;
    default:
      return FieldTag::Other;
  }
}

bool lists_all(std::string_view value, std::string_view names) {
  while (!names.empty()) {
    const std::string_view name = next_item(names);
    if (!name.empty() && !lists_name(value, name)) return false;
  }
  return true;
}

std::string_view field_value(const Head& head, std::string_view name) {
  for (const Field& field : head.fields)
    if (field.tag == FieldTag::Other && field.name.size() == name.size() && equals_lower(field.name, name))
      return field.value;
  return {};
}

}  // namespace berth::http
