#include "proxy/loop/block.h"

#include <algorithm>

namespace berth::loop {

void Block::give_back() {
  pool_->give(memory_, capacity_);
  memory_ = nullptr;
  capacity_ = begin_ = end_ = 0;
}

void Block::append(BlockPool& pool, std::string_view bytes) {
  if (bytes.empty()) return;
  reserve(pool, bytes.size());
  std::memcpy(tail(), bytes.data(), bytes.size());
  commit(bytes.size());
}

void Block::grow(BlockPool& pool, std::size_t n) {
  if (memory_ != nullptr && capacity_ - size() >= n) {
    std::memmove(memory_, data(), size());
    end_ = static_cast<unsigned>(size());
    begin_ = 0;
    return;
  }
  Block larger = pool.take(std::max(size() + n, std::size_t{2} * capacity_));
  if (!empty()) std::memcpy(larger.memory_, data(), size());
  larger.end_ = static_cast<unsigned>(size());
  swap(larger);
}

BlockPool::~BlockPool() {
  for (auto& list : lists_)
    for (char* memory : list.blocks) delete[] memory;
}

Block BlockPool::take(std::size_t size) {
  Block block;
  block.pool_ = this;
  for (auto& list : lists_) {
    if (size > list.size) continue;
    block.capacity_ = static_cast<unsigned>(list.size);
    if (list.blocks.empty()) {
      block.memory_ = new char[list.size];
    } else {
      block.memory_ = list.blocks.back();
      list.blocks.pop_back();
    }
    return block;
  }
  block.memory_ = new char[size];
  block.capacity_ = static_cast<unsigned>(size);
  return block;
}

void BlockPool::give(char* memory, std::size_t capacity) {
  for (auto& list : lists_) {
    if (capacity == list.size && list.blocks.size() < list.most) {
      list.blocks.push_back(memory);
      return;
    }
  }
  delete[] memory;
}

}  // namespace berth::loop
