// Reads the members of a JSON object that a berth has sent: what is missing, or of another kind, leaves the
// field as it is. Who answers may be anybody, so texts lose what a terminal obeys. Pure.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/endpoint.h"
#include "config/terminal_text.h"

namespace berth::control {

/// Of one object, which outlives it.
class ObjectReader {
 public:
  explicit ObjectReader(const boost::json::object& object) : object_(object) {}

  // Who answers may be anybody: what is read here is shown on terminals.
  void text(std::string_view name, std::string& into, TextLines lines = TextLines::Many) const {
    if (const boost::json::value* v = object_.if_contains(name); v && v->is_string())
      into = terminal_text(word(name), TextColours::Strip, lines);
  }
  void raw(std::string_view name, std::string& into) const { into = word(name); }
  std::string_view word(std::string_view name) const {
    const boost::json::value* v = object_.if_contains(name);
    return v && v->is_string() ? std::string_view(v->get_string().data(), v->get_string().size())
                               : std::string_view();
  }
  template <class Number>
  void number(std::string_view name, Number& into) const {
    const boost::json::value* v = object_.if_contains(name);
    if (v == nullptr) return;
    if (v->is_int64()) into = static_cast<Number>(v->get_int64());
    if (v->is_uint64()) into = static_cast<Number>(v->get_uint64());
    if (v->is_double()) into = static_cast<Number>(v->get_double());
  }
  void flag(std::string_view name, bool& into) const {
    if (const boost::json::value* v = object_.if_contains(name); v && v->is_bool()) into = v->get_bool();
  }
  void took(std::string_view name, std::chrono::microseconds& into) const {
    std::int64_t us = into.count();
    number(name, us);
    into = std::chrono::microseconds(us);
  }
  void generation(std::string_view name, Generation& into) const { number(name, into.number); }
  void strings(std::string_view name, std::vector<std::string>& into,
               TextColours colours = TextColours::Strip) const {
    each(name, [&](const boost::json::value& v) {
      if (v.is_string()) into.push_back(terminal_text(text_of(v), colours, TextLines::One));
    });
  }
  template <class Use>
  void each(std::string_view name, const Use& use) const {
    const boost::json::value* v = object_.if_contains(name);
    if (v == nullptr || !v->is_array()) return;
    for (const boost::json::value& element : v->get_array()) use(element);
  }
  const boost::json::object* object(std::string_view name) const {
    const boost::json::value* v = object_.if_contains(name);
    return v ? v->if_object() : nullptr;
  }

 private:
  static std::string_view text_of(const boost::json::value& value) {
    return {value.get_string().data(), value.get_string().size()};
  }

  const boost::json::object& object_;
};

}  // namespace berth::control
