export const config = { api: { bodyParser: false } };
export default function echo(request, response) {
  return new Promise((resolve) => request.pipe(response).on("close", resolve));
}
