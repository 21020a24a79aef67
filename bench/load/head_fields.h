// The fields of an HTTP/1 head as text: found by name, and lists of tokens. Knows no framing. Pure.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace berth::load {

/// `text` without the blanks and tabs around it.
std::string_view trim(std::string_view text);

/// Equal but for the case of ASCII letters.
bool same_name(std::string_view a, std::string_view b);

/// A field's name, or a method: one or more of tchar (RFC 9110 §5.6.2).
bool is_token(std::string_view text);

/// Cuts the next line (without its CRLF) off `rest`.
std::string_view next_line(std::string_view& rest);

/// Is `token` (any case) in a list "a, b, c"?
bool has_token(std::string_view list, std::string_view token);

/// Is `token` in any of the fields `name`? `fields`: lines, each with its CRLF.
bool fields_have_token(std::string_view fields, std::string_view name, std::string_view token);

/// `fields` (lines, each with its CRLF) without those of such names.
std::string without_fields(std::string_view fields, std::initializer_list<std::string_view> names);

/// The value of the first field `name` (any case) in a head as ResponseReader::head() gives it; empty if
/// absent.
std::string_view field_of(std::string_view head, std::string_view name);

}  // namespace berth::load
