// The texts of fields that several places compare: names and comma-separated lists (RFC 9110 §5.6). Pure.
#pragma once

#include <string_view>

#include "proxy/http/head.h"

namespace berth::http {

/// ASCII, without case; `lower` is in lower case.
bool equals_lower(std::string_view text, std::string_view lower);

/// Two names, whatever the case of either (RFC 9110 §5.1).
bool equals_name(std::string_view a, std::string_view b);

/// Takes the first item off the comma-separated `list`: it, without the blanks around it.
std::string_view next_item(std::string_view& list);

/// True if the comma-separated list `value` has `token` (in lower case), parameters and versions left out.
bool has_token(std::string_view value, std::string_view token);

/// True if the comma-separated list `value` has `name`, whatever the case of either.
bool lists_name(std::string_view value, std::string_view name);

/// True if the comma-separated list `value` has every one of the list `names`, whatever the case.
bool lists_all(std::string_view value, std::string_view names);

/// Of a Transfer-Encoding other than `chunked` alone: true if it is one coding, or a list of them that
/// `chunked`, said once, ends (RFC 9112 §6.1). False: a list by which the end of the body cannot be found.
bool names_other_codings(std::string_view value);

/// "text/html" of "text/html; charset=utf-8".
std::string_view media_type(std::string_view value);

/// True if the comma-separated list `value` has the media type `type` (in lower case).
bool lists_media_type(std::string_view value, std::string_view type);

/// What berth tells a backend of its client: X-Forwarded-…, X-Real-IP, X-Request-Id. Also with another
/// character in place of a hyphen: servers that speak CGI or WSGI take X_Real_IP for the same, and some
/// X.Real.IP.
bool is_client_name(std::string_view name);

/// The first of these, as it is spelt or otherwise.
bool is_forwarding_name(std::string_view name);

/// Which field `name`, a token, is of.
FieldTag tag_of(std::string_view name);

/// The value of the first field `name` (in lower case) that has no tag of its own; empty: there is none.
std::string_view field_value(const Head& head, std::string_view name);

}  // namespace berth::http
