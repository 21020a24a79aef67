// Memory for bytes on their way: blocks in three sizes, kept on a free list per loop so that a busy loop
// reuses the warmest and an idle connection owns none.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace berth::loop {

class BlockPool;

/// A run of bytes [begin, end) in a block of its own; empty without memory. Movable; returns its memory to
/// the pool that it came from. Lives in one loop.
class Block {
 public:
  Block() = default;
  Block(Block&& other) noexcept { swap(other); }
  Block& operator=(Block&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Block() { reset(); }

  bool has_memory() const { return memory_ != nullptr; }
  bool empty() const { return begin_ == end_; }
  std::size_t size() const { return end_ - begin_; }
  std::size_t room() const { return capacity_ - end_; }
  char* data() { return memory_ + begin_; }
  const char* data() const { return memory_ + begin_; }
  std::string_view view() const { return {memory_ + begin_, size()}; }
  char* tail() { return memory_ + end_; }
  void consume(std::size_t n) { begin_ += static_cast<unsigned>(n); }
  void commit(std::size_t n) { end_ += static_cast<unsigned>(n); }
  void clear() { begin_ = end_ = 0; }

  /// Gives the memory back.
  void reset() {
    if (memory_ != nullptr) give_back();
  }
  /// Appends, growing (with a copy) where the room does not suffice.
  void append(BlockPool& pool, std::string_view bytes);
  /// Makes room for `n` more bytes behind the end, moving or growing as needed.
  void reserve(BlockPool& pool, std::size_t n) {
    if (memory_ == nullptr || room() < n) grow(pool, n);
  }

 private:
  friend class BlockPool;
  void give_back();
  void grow(BlockPool& pool, std::size_t n);
  void swap(Block& other) {
    std::swap(pool_, other.pool_);
    std::swap(memory_, other.memory_);
    std::swap(capacity_, other.capacity_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
  }

  BlockPool* pool_ = nullptr;
  char* memory_ = nullptr;
  unsigned capacity_ = 0;
  unsigned begin_ = 0;
  unsigned end_ = 0;
};

/// The free lists of one loop. Outlives its blocks.
class BlockPool {
 public:
  static constexpr std::size_t kSmall = 4 * 1024;    ///< a rewritten head with a small body
  static constexpr std::size_t kMedium = 32 * 1024;  ///< a large head
  static constexpr std::size_t kLarge = 128 * 1024;  ///< one read of a body

  BlockPool() = default;
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;
  ~BlockPool();

  /// At least `size` bytes; above kLarge an exact allocation that is not kept.
  Block take(std::size_t size);

 private:
  friend class Block;
  void give(char* memory, std::size_t capacity);

  struct FreeList {
    std::size_t size;
    std::size_t most;  ///< kept at the most; the rest goes back to the allocator
    std::vector<char*> blocks;
  };
  FreeList lists_[3] = {{kSmall, 1024, {}}, {kMedium, 64, {}}, {kLarge, 32, {}}};
};

}  // namespace berth::loop
