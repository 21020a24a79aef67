// A directory of a test's own as the surroundings in which control sockets are made and looked for.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <variant>

#include "proxy/control/socket_path.h"
#include "tests/unit/control/fake_service.h"

namespace berth::control {

struct World {
  World() : dir(make_temp_dir()) { around.tmp = dir, around.uid = geteuid(); }
  ~World() {
    std::error_code ignored;
    std::filesystem::remove_all(dir, ignored);
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  ControlSocket make(const std::string& explicit_path = {}) {
    auto made = ControlSocket::make(explicit_path, "127.0.0.1:8000", around);
    if (auto* wrong = std::get_if<std::string>(&made)) FAIL(*wrong);
    return std::get<ControlSocket>(std::move(made));
  }
  std::string fault(const std::string& explicit_path = {}) {
    auto made = ControlSocket::make(explicit_path, "127.0.0.1:8000", around);
    return made.index() == 1 ? std::get<std::string>(made) : "";
  }

  std::string dir;
  Surroundings around;
};

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace berth::control
