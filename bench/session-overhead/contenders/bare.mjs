/** No session: what a request costs without one. */
export function create() {
  const known = { user: "1", n: 1 };
  return {
    around: (handle) => (req, res) => handle(req, res, undefined),
    of: () => undefined,
    login: () => known,
    read: () => known,
    add: () => known,
  };
}
