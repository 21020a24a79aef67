// Every key of the configuration file, as data: what may stand there, its default, an example and a sentence.
// What explains the file is made of it: the commented file of all defaults, the editors' schema, README's
// list. Defaults are read from the structs of config.h, never typed again. Reads no file: toml_file.h does.
// Pure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/config.h"

namespace berth {

/// What may stand as a key's value.
enum class KeyType : std::uint8_t {
  Text,
  Words,        ///< a list of texts
  TextOrWords,  ///< one text, or a list of them
  Duration,     ///< "30s", "off"
  Size,         ///< "64KiB", 65536
  Count,        ///< 4
  CountText,    ///< 4 or "4"
  Truth,
  OnlyTrue,   ///< true, or not there
  OneOf,      ///< one of FileKey::words
  Port,       ///< "lease", "fd", "discover", "unix" or a number
  Address,    ///< "127.0.0.1:9000", 9000, "unix:/run/app.sock" or "attach"
  Status,     ///< 200, "200-299"
  Signal,     ///< "TERM", 15
  TextTable,  ///< { NAME = "value" }
};

/// One key. Values stand here as the file would write them.
struct FileKey {
  std::string name;
  KeyType type = KeyType::Text;
  std::string standard;  ///< what holds without the key; empty: nothing does
  std::string example;   ///< another value than that
  std::string doc;       ///< one sentence without a full stop
  std::vector<std::string> words{};
  /// The value that a Config has; empty: none. It looks at the first app and the first listener.
  std::function<std::string(const Config&)> value{};
};

/// One table. NAME and ADDRESS stand for what the user names: "front", "app.NAME", "app.NAME.ready".
struct FileTable {
  std::string name;
  std::string doc;
  std::vector<FileKey> keys;
};

/// All of them, a table before those within it.
const std::vector<FileTable>& file_tables();

/// The tables right within `name`; "" has those at the top.
std::vector<const FileTable*> tables_within(const std::string& name);

/// "[app.NAME.ready] or [app.NAME.health]": the tables that have a key of that name; empty: none has.
std::string tables_with(const std::string& key);

/// A Config with one app and one listener, and all defaults.
const Config& default_config();

}  // namespace berth
