// distDir: for two `next dev` at once.
export default {
  distDir: process.env.NEXT_DIST_DIR ?? ".next",
  rewrites: async () => [{ source: "/echo", destination: "/api/echo" }],
};
