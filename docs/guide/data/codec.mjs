import { createSessions } from "@sojourn/session";
import { memoryStore } from "@sojourn/session/stores/memory";
import superjson from "superjson";

export const sessions = createSessions({
  store: memoryStore(),
  codec: { encode: superjson.serialize, decode: superjson.deserialize },
});
