// What is asked of every server under load, beside vite's own pages: an echo.
const echo = {
  name: "echo",
  configureServer(server) {
    server.middlewares.use("/echo", (request, response) => request.pipe(response));
  },
};
export default { plugins: [echo] };
