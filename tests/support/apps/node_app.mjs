// Node's http server: GET / and an echo that streams. Ends at SIGTERM once its requests are answered.
import http from "node:http";

const server = http.createServer((request, response) => {
  if (request.url === "/echo") {
    response.writeHead(200, { "content-type": "application/octet-stream" });
    request.pipe(response);
    return;
  }
  response.end(`node ${process.pid}\n`);
});
server.listen(Number(process.env.PORT), () => console.log(`listening on ${server.address().port}`));
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
