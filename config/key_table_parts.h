// The parts of key_table.h, one for each kind of table. Private to it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/key_table.h"

namespace berth {

/// What a row of the table is made of besides its value.
struct KeyText {
  std::string name;
  KeyType type;
  std::string example;
  std::string doc;
  std::vector<std::string> words{};
};

/// A key whose default is what `value` says of default_config().
template <class Value>
FileKey file_key(KeyText text, Value value) {
  return {std::move(text.name),    text.type,           value(default_config()),
          std::move(text.example), std::move(text.doc), std::move(text.words),
          std::move(value)};
}

std::vector<FileTable> front_tables();
std::vector<FileTable> listener_tables();
std::vector<FileKey> app_limit_rows();
std::vector<FileTable> app_tables();

}  // namespace berth
