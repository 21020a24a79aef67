#include "proxy/http/head_rules.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "config/trusted.h"
#include "proxy/http/field_text.h"

namespace berth::http {
namespace {

/// Appends to a block whose room was made sure of before.
class Writer {
 public:
  explicit Writer(loop::Block& out) : out_(out), at_(out.tail()) {}
  ~Writer() { out_.commit(static_cast<std::size_t>(at_ - out_.tail())); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void put(std::string_view text) {
    if (text.empty()) return;  // it may be of no memory at all
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void put(const char* begin, const char* end) { put({begin, static_cast<std::size_t>(end - begin)}); }

 private:
  loop::Block& out_;
  char* at_;
};

/// Copies the fields that `keep` accepts, in runs.
template <class Keep>
void copy_fields(const Head& head, Writer& out, Keep keep) {
  if (head.fields.empty()) return;
  const char* run = head.fields.front().line;
  const std::size_t count = head.fields.size();
  for (std::size_t i = 0; i < count; ++i) {
    const Field& field = head.fields[i];
    if ((field.tag == FieldTag::Other && !field.nominated) || keep(field)) continue;
    out.put(run, field.line);
    run = i + 1 < count ? head.fields[i + 1].line : head.fields_end;
  }
  out.put(run, head.fields_end);
}

/// The values of all fields `tag` as one list, as they came; empty: there are none.
std::string list_of(const RequestHead& head, FieldTag tag) {
  std::string list;
  for (const Field& field : head.fields) {
    if (field.tag != tag || field.value.empty()) continue;
    if (!list.empty()) list += ", ";
    list += field.value;
  }
  return list;
}

/// RFC 7239 §6: a node's name.
std::string node_text(std::string_view address) {
  if (address == kUnixPeer) return "unknown";
  const bool v6 = address.find(':') != std::string_view::npos;
  return v6 ? "\"[" + std::string(address) + "]\"" : std::string(address);
}

bool has_field(const RequestHead& head, FieldTag tag) {
  return std::any_of(head.fields.begin(), head.fields.end(),
                     [tag](const Field& field) { return field.tag == tag; });
}

/// What a trusted peer has said of its client, with the peer appended. The fields that berth writes of one
/// are written where it has not said them. Without the last line end.
std::string trusted_lines(const RequestHead& head, const ClientFacts& client, std::string_view host) {
  std::string lines = "X-Forwarded-For: " + list_of(head, FieldTag::XForwardedFor);
  const bool listed = !lines.ends_with(' ');
  // A peer of a unix socket has no address that could be added.
  if (!listed || client.address != kUnixPeer) {
    lines += listed ? ", " : "";
    lines += client.address;
  }
  if (has_field(head, FieldTag::Forwarded)) {
    const std::string list = list_of(head, FieldTag::Forwarded);
    lines += "\r\nForwarded: " + list + (list.empty() ? "for=" : ", for=") + node_text(client.address);
  }
  if (!has_field(head, FieldTag::XForwardedProto))
    lines.append("\r\nX-Forwarded-Proto: ").append(client.scheme);
  if (!has_field(head, FieldTag::XForwardedHost)) lines.append("\r\nX-Forwarded-Host: ").append(host);
  if (client.strip != 0 || has_field(head, FieldTag::XForwardedPrefix)) {
    lines += "\r\nX-Forwarded-Prefix: " + list_of(head, FieldTag::XForwardedPrefix);
    lines += head.path.substr(0, client.strip);
  }
  return lines;
}

/// `path` after a prefix was taken off it: one slash at its start. With two it would name another host to
/// whoever takes it for a reference (RFC 3986 §4.2), and browsers take a backslash for a slash.
std::string_view with_one_slash(std::string_view path) {
  const std::size_t rest = std::min(path.find_first_not_of("/\\"), path.size());
  return rest > 1 ? path.substr(rest - 1) : path;
}

constexpr std::string_view kVia10 = "\r\nVia: 1.0";

constexpr std::size_t kOurs = 512;  ///< more than all that is appended, less the parts of variable length

}  // namespace

std::string via_line(std::string_view pseudonym) {
  return "\r\nVia: 1.1 " + std::string(pseudonym) + "\r\n\r\n";
}

bool wants_tunnel(const RequestHead& head) {
  return head.upgrade_option && !head.upgrade.empty() && head.version == 11 &&
         !has_token(head.upgrade, "h2c");
}

bool takes_upgrade(const ResponseHead& head, std::string_view request) {
  constexpr std::string_view kName = "\r\nUpgrade: ";  // as it is written below, behind all of the client's
  request = request.substr(0, request.find("\r\n\r\n"));
  const std::size_t at = request.rfind(kName);
  if (!head.upgrade_option || head.upgrade.empty() || at == std::string_view::npos) return false;
  const std::string_view rest = request.substr(at + kName.size());
  return lists_all(rest.substr(0, rest.find("\r\n")), head.upgrade);
}

std::optional<std::chrono::seconds> told_keep_alive(const ResponseHead& head) {
  constexpr std::string_view kName = "timeout=";
  std::string_view terms = head.keep_alive_terms;
  while (!terms.empty()) {
    const std::string_view term = next_item(terms);
    if (!equals_lower(term.substr(0, kName.size()), kName)) continue;
    const std::string_view number = term.substr(kName.size());
    std::uint32_t seconds = 0;
    const auto read = std::from_chars(number.data(), number.data() + number.size(), seconds);
    if (read.ec == std::errc() && read.ptr == number.data() + number.size())
      return std::chrono::seconds(seconds);
  }
  return std::nullopt;
}

void write_request_head(const RequestHead& head, const ClientFacts& client, loop::BlockPool& pool,
                        loop::Block& out) {
  const std::string_view host =
      !head.authority.empty() ? head.authority : (head.has_host ? head.host : client.listener);
  out.reserve(pool, head.raw.size() + kOurs + client.address.size() + 2 * host.size() + head.upgrade.size() +
                        client.strip + client.request_id.size() + client.client.size() + client.via.size());
  const bool tunnel = wants_tunnel(head);
  const bool own_host = !head.authority.empty() || !head.has_host;

  Writer w(out);
  w.put(head.method);
  w.put(" ");
  std::string_view path = head.path.substr(client.strip);
  const bool cut = !head.authority.empty() || client.strip != 0;
  if (client.strip != 0) path = with_one_slash(path);
  if (cut && (path.empty() || path.front() == '?' || path.front() == '\\')) {
    w.put("/");
    if (!path.empty() && path.front() == '\\') path.remove_prefix(1);
  }
  w.put(path);
  w.put(" HTTP/1.1\r\n");
  if (own_host) {
    w.put("Host: ");
    w.put(host);
    w.put("\r\n");
  }
  copy_fields(head, w, [&](const Field& field) {
    if (field.nominated) return false;
    switch (field.tag) {
      case FieldTag::Connection:
      case FieldTag::Folded:
      case FieldTag::Forwarded:
      case FieldTag::KeepAlive:
      case FieldTag::ProxyConnection:
      case FieldTag::RealIp:
      case FieldTag::Te:
      case FieldTag::Upgrade:
      case FieldTag::XForwardedFor:
      case FieldTag::XForwardedPrefix:
        return false;
      case FieldTag::XForwarded:
      case FieldTag::XForwardedHost:
      case FieldTag::XForwardedProto:
        return client.trusted;
      case FieldTag::Host:
        return !own_host;
      case FieldTag::RequestId:
        return client.request_id.empty();
      default:
        return true;
    }
  });
  if (tunnel) {
    w.put(head.te_trailers ? "Connection: upgrade, TE\r\nTE: trailers\r\nUpgrade: "
                           : "Connection: upgrade\r\nUpgrade: ");
    w.put(head.upgrade);
    w.put("\r\n");
  } else if (head.te_trailers) {
    w.put("Connection: TE\r\nTE: trailers\r\n");
  }
  if (!client.request_id.empty()) {
    w.put("X-Request-Id: ");
    w.put(client.request_id);
    w.put("\r\n");
  }
  if (head.has_real_ip) {
    w.put("X-Real-IP: ");
    w.put(client.client);
    w.put("\r\n");
  }
  if (client.trusted) {
    w.put(trusted_lines(head, client, host));
  } else {
    w.put("X-Forwarded-For: ");
    w.put(client.address);
    w.put("\r\nX-Forwarded-Proto: ");
    w.put(client.scheme);
    w.put("\r\nX-Forwarded-Host: ");
    w.put(host);
    if (client.strip != 0) {
      w.put("\r\nX-Forwarded-Prefix: ");
      w.put(head.path.substr(0, client.strip));
    }
  }
  if (head.version == 11) return w.put(client.via);
  w.put(kVia10);
  w.put(client.via.substr(kVia10.size()));
}

void write_response_head(const ResponseHead& head, const ResponseRules& rules, loop::BlockPool& pool,
                         loop::Block& out) {
  out.reserve(pool, head.raw.size() + kOurs + head.upgrade.size() + rules.added.size());
  const bool no_framing = rules.drop_framing || head.status < 200 || head.status == 204;

  Writer w(out);
  w.put("HTTP/1.1");
  w.put(head.after_version);
  if (head.lacks_blank) w.put(" \r\n");
  copy_fields(head, w, [&](const Field& field) {
    if (field.nominated) return false;
    switch (field.tag) {
      case FieldTag::Connection:
      case FieldTag::KeepAlive:
      case FieldTag::ProxyConnection:
      case FieldTag::Upgrade:
        return false;
      case FieldTag::TransferEncoding:
        return !no_framing && rules.client_version >= 11;
      case FieldTag::ContentLength:
        return head.status >= 200 && head.status != 204;
      default:
        return true;
    }
  });
  w.put(rules.added);
  if (rules.add_chunked) w.put("Transfer-Encoding: chunked\r\n");
  if (rules.tunnel) {
    w.put("Connection: upgrade\r\nUpgrade: ");
    w.put(head.upgrade);
    w.put("\r\n");
  } else if (head.status >= 200) {
    if (!rules.keep_alive)
      w.put("Connection: close\r\n");
    else if (rules.client_version < 11)
      w.put("Connection: keep-alive\r\n");
  }
  w.put("\r\n");
}

}  // namespace berth::http
