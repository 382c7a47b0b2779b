import { createSessions } from "@sojourn/session";
import { memoryStore } from "@sojourn/session/stores/memory";
import { z } from "zod";

export const sessions = createSessions({
  store: memoryStore(),
  schema: z.object({
    cart: z.array(z.string().max(40)).max(100),
    theme: z.enum(["light", "dark"]),
  }),
});
