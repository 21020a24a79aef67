export default { rewrites: async () => [{ source: "/echo", destination: "/api/echo" }] };
