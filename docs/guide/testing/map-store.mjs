/** A store in a Map, as small as the contract allows. */
export function mapStore(clock) {
  const records = new Map();
  const copy = ({ bytes, version, expiresAtMs }) => ({ bytes: new Uint8Array(bytes), version, expiresAtMs });
  function living(key) {
    const record = records.get(key);
    return record !== undefined && record.expiresAtMs > clock.now() ? record : undefined;
  }
  return {
    traits: { name: "map", shared: false },
    async read(key) {
      const record = living(key);
      return record && copy(record);
    },
    async write(key, record, expect) {
      const found = living(key);
      if (found === undefined && expect !== "absent") return { status: "gone" };
      if (found !== undefined && found.version !== expect) return { status: "conflict", version: found.version };
      const next = copy(record);
      if (found !== undefined && !record.shortens) next.expiresAtMs = Math.max(found.expiresAtMs, next.expiresAtMs);
      records.set(key, next);
      return { status: "done" };
    },
    async delete(key) {
      const found = living(key) !== undefined;
      records.delete(key);
      return found;
    },
  };
}
