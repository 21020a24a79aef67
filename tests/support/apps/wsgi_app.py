"""A WSGI app: GET / and an echo."""
import os


def app(environ, start_response):
    if environ["PATH_INFO"] == "/echo":
        body = environ["wsgi.input"].read()  # gunicorn ends it where the request does
    else:
        body = b"wsgi %d\n" % os.getpid()
    start_response("200 OK", [("Content-Length", str(len(body))), ("Content-Type", "application/octet-stream")])
    return [body]
