# A Rack app: GET / and an echo.
run lambda { |env|
  body = env["PATH_INFO"] == "/echo" ? env["rack.input"].read : "rack #{Process.pid}\n"
  [200, { "content-type" => "application/octet-stream" }, [body]]
}
