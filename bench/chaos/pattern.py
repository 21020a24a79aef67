"""The bytes that belong to a name: whoever sends them and whoever gets them computes the same."""
import hashlib


def pattern(name, size):
    digest = hashlib.sha256(name.encode()).hexdigest().encode()
    return (digest * (size // len(digest) + 1))[:size]


def event(number):
    """One event of an event stream, with the blank line behind it."""
    return b"id: %d\ndata: %b\n\n" % (number, pattern(str(number), 20 + number % 100))
