import { checkFunction, optionInvalid, wholeNumber } from "../option-check.ts";
import type { SchemaOptions, SessionsOptions } from "../options.ts";
import type { DataRules } from "../record/data-codec.ts";

const MAX_VERSION = 1_000_000_000;

/** @throws OPTIONS_INVALID */
export function resolveData(options: SessionsOptions & SchemaOptions<object>): DataRules {
  const { schema, codec, migrate, downgrade } = options;
  checkFunction(migrate, "migrate");
  checkFunction(downgrade, "downgrade");
  const version = wholeNumber(options.version, "version", 1, MAX_VERSION) ?? 1;
  const writeVersion = wholeNumber(options.writeVersion, "writeVersion", 1, MAX_VERSION);
  if (migrate !== undefined && version === 1) {
    throw optionInvalid("migrate", "is never called while version is 1", "raise version when the shape changes");
  }
  if (writeVersion !== undefined && writeVersion > version) {
    throw optionInvalid("writeVersion", "is above version", "raise version too: a server must read what it writes");
  }
  if (writeVersion !== undefined && writeVersion < version && downgrade === undefined) {
    throw optionInvalid("writeVersion", "is below version without a downgrade", "give downgrade, or leave it out");
  }
  if (downgrade !== undefined && writeVersion === undefined) {
    throw optionInvalid(
      "downgrade",
      "is never called without writeVersion",
      "say the version that servers of the earlier release read, or leave it out",
    );
  }
  checkSchema(schema);
  checkCodec(codec);
  return Object.freeze({ version, writeVersion: writeVersion ?? version, migrate, downgrade, schema, codec });
}

function checkSchema(schema: unknown): void {
  if (schema === undefined) return;
  const standard = partsOf(partsOf(schema)["~standard"]);
  if (standard.version === 1 && typeof standard.vendor === "string" && typeof standard.validate === "function") return;
  throw optionInvalid("schema", "is not a Standard Schema", "give one of zod, valibot, arktype or a library like them");
}

function checkCodec(codec: unknown): void {
  if (codec === undefined) return;
  const { encode, decode } = partsOf(codec);
  if (typeof encode === "function" && typeof decode === "function") return;
  throw optionInvalid("codec", "is not a codec", "give { encode, decode }");
}

/** Schemas of some libraries are functions. */
function partsOf(value: unknown): Readonly<Record<string, unknown>> {
  const holds = (typeof value === "object" && value !== null) || typeof value === "function";
  return holds ? (value as Readonly<Record<string, unknown>>) : {};
}
