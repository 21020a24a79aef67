#include "config/working_dir.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace berth {
namespace {

/// POSIX, pwd: absolute, and without a part that is . or ..
bool is_plain(std::string_view path) {
  if (!path.starts_with("/")) return false;
  for (std::size_t begin = 1; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (part == "." || part == "..") return false;
    begin = end + 1;
  }
  return true;
}

}  // namespace

std::string working_dir() {
  const char* told = std::getenv("PWD");
  struct stat there {};
  struct stat here {};
  const bool same = told != nullptr && is_plain(told) && ::stat(told, &there) == 0 &&
                    ::stat(".", &here) == 0 && there.st_dev == here.st_dev && there.st_ino == here.st_ino;
  if (same) return told;
  std::error_code error;
  return std::filesystem::current_path(error).string();
}

std::string joined_path(const std::string& base, const std::string& path) {
  const std::filesystem::path whole = std::filesystem::path(base) / path;
  const std::filesystem::path plain = whole.lexically_normal();
  struct stat one {};
  struct stat other {};
  if (::stat(whole.c_str(), &one) != 0) return plain.string();
  const bool same =
      ::stat(plain.c_str(), &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
  return same ? plain.string() : whole.string();
}

}  // namespace berth
