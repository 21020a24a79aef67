"""Flask's development server under test: GET / and an echo."""

import os

from flask import Flask, Response, request

app = Flask(__name__)


@app.get("/")
def index():
    return f"flask {os.getpid()}\n"


@app.post("/echo")
def echo():
    return Response(request.get_data(), mimetype="application/octet-stream")
