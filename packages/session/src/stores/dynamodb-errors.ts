import { SojournError } from "@sojourn/core";
import type { DynamoFound } from "./dynamodb-client.ts";

export const DYNAMODB_STORE = "dynamodbStore";

/** Answers that come before the item is looked at. */
const REFUSED =
  /^(?:AccessDenied|UnrecognizedClient|ExpiredToken|InvalidSignature|IncompleteSignature|MissingAuthenticationToken|InvalidClientTokenId|CredentialsProviderError|TokenProviderError|ProvisionedThroughputExceeded|RequestLimitExceeded|Throttling|KMS)/;
const SCHEMA = /^(?:ResourceNotFound|Validation)/;

/** What stood there instead, where the server says it. @returns undefined for any other error */
export function conditionFailed(error: unknown): { readonly item: DynamoFound | undefined } | undefined {
  const { name, Item } = Object(error) as { name?: unknown; Item?: DynamoFound };
  return name === "ConditionalCheckFailedException" ? { item: Item } : undefined;
}

/**
 * No cause is kept: an error of the SDK may hold the whole answer, and one of its parser quotes it.
 * @returns STORE_REFUSED STORE_SCHEMA_WRONG STORE_RECORD_TOO_LARGE when certainly nothing was done, else STORE_FAILED
 */
export function dynamoFailure(operation: string, table: string, error: unknown): SojournError {
  if (error instanceof SojournError) return error;
  const { name, code, message, $fault, $metadata } = Object(error) as {
    name?: unknown;
    code?: unknown;
    message?: unknown;
    $fault?: unknown;
    $metadata?: { attempts?: unknown };
  };
  const told = [name, code].find((text) => typeof text === "string" && text !== "" && text !== "Error") ?? typeof error;
  const reason = $fault === undefined ? String(told) : `${told}: ${message}`;
  // The SDK tries again by itself, and an attempt whose answer was lost may have been done.
  if (REFUSED.test(String(name)) && !(Number($metadata?.attempts) > 1)) return refused(operation, reason);
  if (SCHEMA.test(String(name))) {
    const how = `create it by \`sojourn sessions migrate\`, or as \`dynamodbTable()\` says, in the region and account of the client, with \`key\` (S) as its only key; or name another by the option \`table\``;
    return new SojournError("STORE_SCHEMA_WRONG", { store: DYNAMODB_STORE, table: `the table ${table}`, reason, how });
  }
  return new SojournError("STORE_FAILED", { store: DYNAMODB_STORE, operation, reason });
}

export function refused(operation: string, reason: string): SojournError {
  return new SojournError("STORE_REFUSED", { store: DYNAMODB_STORE, operation, reason });
}
