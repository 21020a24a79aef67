// Node's http server on $PORT, on a descriptor (fd=3) or on a path (path=/x): GET / and an echo that streams. Ends at SIGTERM once its requests are answered.
import http from "node:http";

const server = http.createServer((request, response) => {
  if (request.url === "/echo") {
    response.writeHead(200, { "content-type": "application/octet-stream" });
    request.pipe(response);
    return;
  }
  response.end(`node ${process.pid}\n`);
});
const [kind, value] = (process.argv[2] ?? `port=${process.env.PORT}`).split("=");
const place = kind === "path" ? { path: value } : { [kind]: Number(value) };
server.listen(place, () => console.log(`listening on ${kind} ${value}`));
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
