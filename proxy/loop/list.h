// An intrusive doubly linked list: membership costs two pointers in the element and no allocation, and an
// element leaves its list by itself. Not thread-safe: one loop owns the list and its elements.
#pragma once

#include <cstddef>

namespace berth::loop {

/// Base of what can be in a List. Tag tells apart the lists that one element can be in at the same time.
template <class Tag>
class ListHook {
 public:
  ListHook() = default;
  ListHook(const ListHook&) = delete;
  ListHook& operator=(const ListHook&) = delete;
  ~ListHook() { unlink(); }

  bool linked() const { return next_ != nullptr; }
  void unlink() {
    if (!linked()) return;
    prev_->next_ = next_;
    next_->prev_ = prev_;
    next_ = prev_ = nullptr;
  }

 private:
  template <class, class>
  friend class List;
  ListHook* prev_ = nullptr;
  ListHook* next_ = nullptr;
};

/// Elements in order; owns none of them. An element may be unlinked while for_each visits it, not others.
template <class T, class Tag>
class List {
 public:
  List() { root_.prev_ = root_.next_ = &root_; }
  List(const List&) = delete;
  List& operator=(const List&) = delete;
  ~List() {
    while (!empty()) front()->ListHook<Tag>::unlink();
    root_.next_ = root_.prev_ = nullptr;
  }

  bool empty() const { return root_.next_ == &root_; }
  T* front() { return empty() ? nullptr : static_cast<T*>(root_.next_); }
  T* back() { return empty() ? nullptr : static_cast<T*>(root_.prev_); }
  void push_back(T& element) { insert_before(root_, element); }
  void push_front(T& element) { insert_before(*root_.next_, element); }

  template <class Visit>
  void for_each(Visit visit) {
    for (ListHook<Tag>* hook = root_.next_; hook != &root_;) {
      ListHook<Tag>* next = hook->next_;
      visit(*static_cast<T*>(hook));
      hook = next;
    }
  }

 private:
  void insert_before(ListHook<Tag>& place, ListHook<Tag>& hook) {
    hook.unlink();
    hook.prev_ = place.prev_;
    hook.next_ = &place;
    place.prev_->next_ = &hook;
    place.prev_ = &hook;
  }

  ListHook<Tag> root_;
};

}  // namespace berth::loop
