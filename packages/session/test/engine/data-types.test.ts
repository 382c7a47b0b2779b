import {
  createSessions,
  type DeepReadonly,
  type Session,
  type Sessions,
  type StandardSchema,
  type StoreOptions,
} from "@sojourn/session";
import { sealedCookie } from "@sojourn/session/carriers/sealed";
import { memoryStore } from "@sojourn/session/stores/memory";
import { type } from "arktype";
import * as v from "valibot";
import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { KEY_A } from "./support.ts";

interface Inferred {
  cart: string[];
  count?: number | undefined;
}
const store = memoryStore();
const env = {};
type DataOf<S> = S extends Sessions<infer Data> ? Data : never;

describe("types: the data of sessions", () => {
  it("is what the schema takes in", () => {
    const zod = createSessions({
      store,
      env,
      schema: z.object({ cart: z.array(z.string()), count: z.number().default(1) }),
    });
    expectTypeOf<DataOf<typeof zod>>().toEqualTypeOf<Inferred>();

    const valibot = createSessions({
      store,
      env,
      schema: v.object({ cart: v.array(v.string()), count: v.optional(v.number(), 1) }),
    });
    expectTypeOf<DataOf<typeof valibot>>().toEqualTypeOf<Inferred>();

    const arktype = createSessions({ store, env, schema: type({ cart: "string[]", "count?": "number" }) });
    expectTypeOf<DataOf<typeof arktype>>().toEqualTypeOf<{ cart: string[]; count?: number }>();

    const schema = z.object({ length: z.string().transform((text) => text.length) });
    const carried = createSessions({ schema, carrier: sealedCookie({ revocation: "none" }), keys: KEY_A, env });
    expectTypeOf<DataOf<typeof carried>>().toEqualTypeOf<{ length: string }>();
  });

  it("is what is said, and anything when nothing is", () => {
    const said = createSessions<Inferred>({ store, env });
    expectTypeOf(said).toEqualTypeOf<Sessions<Inferred>>();
    const unsaid = createSessions({ store, env });
    expectTypeOf(unsaid).toEqualTypeOf<Sessions<Record<string, unknown>>>();
  });

  it("must be the schema's when both are said", () => {
    createSessions<{ cart: string[] }>({ store, env, schema: z.object({ cart: z.array(z.string()) }) });
    const numbers = z.object({ cart: z.array(z.number()) });
    // @ts-expect-error the schema accepts what is not of the type
    createSessions<{ cart: string[] }>({ store, env, schema: numbers });
    const fewer = z.object({});
    // @ts-expect-error the schema knows nothing of the cart
    createSessions<{ cart: string[] }>({ store, env, schema: fewer });
    const text = z.string();
    // @ts-expect-error a session's data is an object
    createSessions({ store, env, schema: text });
  });

  it("is no part of options that stand elsewhere", () => {
    const options: StoreOptions = { store, env };
    expectTypeOf(createSessions<Inferred>(options)).toEqualTypeOf<Sessions<Inferred>>();
    expectTypeOf(createSessions(options)).toEqualTypeOf<Sessions<Record<string, unknown>>>();
    const create = <Data extends object>(schema: StandardSchema<Data>) => createSessions({ ...options, schema });
    expectTypeOf(create(z.object({ at: z.number() }))).toEqualTypeOf<Sessions<{ at: number }>>();
  });

  it("is never undefined when it is stored: what is optional is unset", () => {
    interface Loose {
      theme?: string;
      count: number | undefined;
      note: { text?: string } | null;
      list: (string | undefined)[];
      any: unknown;
    }
    const check = (session: Session<Loose>) => {
      session.set("theme", "dark");
      session.set("count", 1);
      session.set("note", null);
      session.flash("note", { text: "x" });
      session.push("list", "x");
      session.set("any", "x");
      session.update("theme", () => undefined);
      // @ts-expect-error unset says that
      session.set("theme", undefined);
      // @ts-expect-error
      session.set("count", undefined);
      // @ts-expect-error
      session.flash("theme", undefined);
      // @ts-expect-error JSON would make null of it
      session.push("list", undefined);
      expectTypeOf(session.get("count")).toEqualTypeOf<number | undefined>();
    };
    expectTypeOf(check).toBeFunction();
  });

  it("is read-only when it is read, but for what a codec alone can hold", () => {
    interface Rich {
      at: Date;
      byName: Map<string, { n: number }>;
      names: Set<string>;
      bytes: Uint8Array;
      home: { toJSON(): string; href: string };
      list: { at: Date; n: bigint }[];
    }
    expectTypeOf<DeepReadonly<Rich>>().toEqualTypeOf<{
      readonly at: Date;
      readonly byName: Map<string, { n: number }>;
      readonly names: Set<string>;
      readonly bytes: Uint8Array;
      readonly home: { toJSON(): string; href: string };
      readonly list: readonly { readonly at: Date; readonly n: bigint }[];
    }>();
  });
});
