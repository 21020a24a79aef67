// The one place where Asio, Beast and JSON are compiled (their "separate compilation" mode).
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
#include <boost/json/src.hpp>
