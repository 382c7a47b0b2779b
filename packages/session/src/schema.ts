/**
 * A schema of any library that keeps to Standard Schema v1 (https://standardschema.dev), such as zod, valibot and arktype.
 * It is described here by what is read of it, so that none of them is needed.
 */
export interface StandardSchema<Input = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    validate(value: unknown): SchemaResult | Promise<SchemaResult>;
    /** For the compiler alone. */
    readonly types?: { readonly input: Input; readonly output: unknown } | undefined;
  };
}

/** Without issues the value is accepted; what the schema made of it is not looked at. */
export interface SchemaResult {
  readonly issues?: readonly SchemaIssue[] | undefined;
}

export interface SchemaIssue {
  /** From the value inwards. Absent or empty: the value as a whole. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}
