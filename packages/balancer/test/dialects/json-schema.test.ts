import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { fileSchema, sojournYamlSchema } from "../../src/dialects/sojourn/schema.ts";

describe("sojournYamlSchema", () => {
  const schema = sojournYamlSchema() as { properties: Record<string, object>; required: string[] };

  it("names what stands at the top of the file, and forbids the rest", () => {
    expect(Object.keys(schema.properties)).toEqual(["listen", "admin", "keys", "trustedProxies", "pools", "routes"]);
    expect(schema).toMatchObject({ type: "object", additionalProperties: false, required: ["pools"] });
  });

  it("is plain JSON", () => expect(JSON.parse(JSON.stringify(schema))).toEqual(schema));

  it("describes the example", () => {
    const text = readFileSync(new URL("../../../../examples/sojourn.yaml", import.meta.url), "utf8");
    expect(fileSchema.safeParse(parse(text)).success).toBe(true);
  });
});
