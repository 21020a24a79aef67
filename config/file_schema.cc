#include "config/file_schema.h"

#include <utility>
#include <vector>

#include "config/key_table.h"
#include "config/toml_text.h"

namespace berth {
namespace {

/// Names with values that are JSON already.
using Members = std::vector<std::pair<std::string, std::string>>;

std::string object(const Members& members, std::size_t depth) {
  const std::string indent(2 * (depth + 1), ' ');
  std::string text = "{";
  for (std::size_t i = 0; i < members.size(); ++i)
    text += (i == 0 ? "\n" : ",\n") + indent + toml_text(members[i].first) + ": " + members[i].second;
  return text + "\n" + std::string(2 * depth, ' ') + "}";
}

std::string text_or_number(Members& members, const char* pattern, const char* least, const char* most) {
  members.emplace_back("pattern", toml_text(pattern));
  members.emplace_back("minimum", least);
  if (*most != '\0') members.emplace_back("maximum", most);
  return R"(["string", "integer"])";
}

/// The words of the schema that say what `key` may be; a pattern holds for texts, a minimum for numbers.
Members value_of(const FileKey& key) {
  Members more;
  std::string type = R"("string")";
  switch (key.type) {
    case KeyType::Text:
      break;
    case KeyType::Words:
      type = R"("array")";
      more.emplace_back("items", R"({ "type": "string" })");
      break;
    case KeyType::TextOrWords:
      type = R"(["string", "array"])";
      more.emplace_back("items", R"({ "type": "string" })");
      break;
    case KeyType::Duration:
      type = text_or_number(more, R"(^(off|0|[0-9]*\.?[0-9]+(ms|s|m|h))$)", "0", "0");
      break;
    case KeyType::Size:
      type = text_or_number(more, "^[0-9]+(B|KiB|MiB|GiB)?$", "0", "");
      break;
    case KeyType::Count:
      type = R"("integer")";
      more.emplace_back("minimum", "0");
      more.emplace_back("maximum", "2147483647");
      break;
    case KeyType::CountText:
      type = text_or_number(more, "^[0-9]+$", "0", "4294967295");
      break;
    case KeyType::Truth:
      type = R"("boolean")";
      break;
    case KeyType::OnlyTrue:
      return {{"const", "true"}};
    case KeyType::OneOf:
      return {{"enum", toml_words(key.words)}};
    case KeyType::Port:
      type = text_or_number(more, "^(lease|fd|discover|unix|[0-9]+)$", "1", "65535");
      break;
    case KeyType::Address:
      type = text_or_number(more, "^(attach|unix:/.+|[0-9]+|.+:[0-9]+)$", "1", "65535");
      break;
    case KeyType::Status:
      type = text_or_number(more, "^[1-5][0-9][0-9](-[1-5][0-9][0-9])?$", "100", "599");
      break;
    case KeyType::Signal:
      type = text_or_number(more, "^((SIG)?[A-Z]+[12]?|[0-9]+)$", "1", "64");
      break;
    case KeyType::TextTable:
      type = R"("object")";
      more.emplace_back("additionalProperties", R"({ "type": "string" })");
      break;
  }
  more.emplace(more.begin(), "type", type);
  return more;
}

std::string key_schema(const FileKey& key, std::size_t depth) {
  Members members{{"description", toml_text(key.doc)}};
  for (auto& member : value_of(key)) members.push_back(std::move(member));
  if (!key.standard.empty()) members.emplace_back("default", key.standard);
  // Of all examples only a table is not written as JSON is.
  if (key.type != KeyType::TextTable) members.emplace_back("examples", "[" + key.example + "]");
  return object(members, depth);
}

std::string table_schema(const FileTable& table, std::size_t depth);

/// Tables that the user names.
std::string named_tables(const FileTable& table, const char* pattern, std::size_t depth) {
  return object({{"type", R"("object")"},
                 {"additionalProperties", "false"},
                 {"patternProperties", object({{pattern, table_schema(table, depth + 2)}}, depth + 1)}},
                depth);
}

std::pair<std::string, std::string> member_of(const FileTable& table, std::size_t depth) {
  if (table.name == "app.NAME") return {"app", named_tables(table, "^[A-Za-z0-9_-]{1,64}$", depth)};
  if (table.name == "listener.ADDRESS") return {"listener", named_tables(table, "^.+$", depth)};
  return {table.name.substr(table.name.rfind('.') + 1), table_schema(table, depth)};
}

std::string properties(const std::string& name, const std::vector<FileKey>& keys, std::size_t depth) {
  Members members;
  for (const FileKey& key : keys) members.emplace_back(key.name, key_schema(key, depth + 1));
  for (const FileTable* inner : tables_within(name)) members.push_back(member_of(*inner, depth + 1));
  return object(members, depth);
}

std::string table_schema(const FileTable& table, std::size_t depth) {
  return object({{"description", toml_text(table.doc)},
                 {"type", R"("object")"},
                 {"additionalProperties", "false"},
                 {"properties", properties(table.name, table.keys, depth + 1)}},
                depth);
}

}  // namespace

std::string file_schema() {
  return object({{"$schema", R"("http://json-schema.org/draft-07/schema#")"},
                 {"title", R"("berth.toml")"},
                 {"description", R"("What berth serves: listeners, apps, and their limits")"},
                 {"type", R"("object")"},
                 {"additionalProperties", "false"},
                 {"properties", properties("", {}, 1)}},
                0) +
         "\n";
}

}  // namespace berth
