// Words as execve(2) takes them. Runs nothing.
#pragma once

#include <string>
#include <vector>

namespace berth {

/// Pointers into `words`, which must outlive them unchanged, and a null pointer behind the last.
inline std::vector<char*> exec_words(std::vector<std::string>& words) {
  std::vector<char*> out;
  out.reserve(words.size() + 1);
  for (auto& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace berth
