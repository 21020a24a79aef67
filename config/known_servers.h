// Popular servers, recognised by their plain command line and given the words that put them where berth wants
// them, as server_table.h says what each needs. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/wrappers.h"

namespace berth {

/// The text of a script of the package.json that is meant; nullopt: there is none.
using ScriptOf = std::function<std::optional<std::string>(const ScriptCall& call)>;

/// A plain command as it is to be started instead.
struct Recognised {
  std::string name;                  ///< "uvicorn"
  std::vector<std::string> command;  ///< with {port} where it belongs
  std::string changes;     ///< "added --port {port}", "--port 8000 became --port {port}"; empty: none
  std::string ready_path;  ///< asked instead of / for readiness; empty: /
  std::string caution{};   ///< what its swaps need beyond that; empty: nothing
};

/// nullopt: nobody known, or one that was told its place in a way that is not to be touched (a descriptor, a
/// unix socket, a placeholder). `base`: the path below which the server sees its pages, "/lab"; empty: all.
std::optional<Recognised> recognise(const std::vector<std::string>& command, const ScriptOf& script_of,
                                    std::string_view base = {});

}  // namespace berth
