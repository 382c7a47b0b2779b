import { shown } from "@sojourn/core";
import { DYNAMODB_STORE } from "./dynamodb-errors.ts";
import { checkStoreOptions, optionInvalid } from "./store-option.ts";

export interface DynamoTable {
  /** Letters, digits, `_`, `-` and `.`, 3 to 255. @default "sojourn-sessions" */
  readonly table?: string;
}

/** Also of the table, which may be made of what the store is given. */
export const DYNAMODB_OPTIONS = ["table", "reads", "clock"];
const TABLE = /^[A-Za-z0-9_.-]{3,255}$/;

export interface DynamoTableDefinition {
  /** For `createTable`. */
  readonly table: {
    readonly TableName: string;
    readonly BillingMode: "PAY_PER_REQUEST";
    readonly AttributeDefinitions: { AttributeName: string; AttributeType: "S" }[];
    readonly KeySchema: { AttributeName: string; KeyType: "HASH" }[];
  };
  /** For `updateTimeToLive`, once the table is active. */
  readonly timeToLive: {
    readonly TableName: string;
    readonly TimeToLiveSpecification: { AttributeName: string; Enabled: boolean };
  };
}

/**
 * The table as the store needs it, in the words of the client's methods.
 * @throws STORE_OPTION_INVALID
 */
export function dynamodbTable(options: DynamoTable = {}): DynamoTableDefinition {
  checkStoreOptions(DYNAMODB_STORE, options, DYNAMODB_OPTIONS);
  const TableName = checkTable(options);
  return {
    table: {
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "key", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "key", KeyType: "HASH" }],
    },
    timeToLive: { TableName, TimeToLiveSpecification: { AttributeName: "expiresAtSeconds", Enabled: true } },
  };
}

/** @throws STORE_OPTION_INVALID */
export function checkTable({ table = "sojourn-sessions" }: DynamoTable): string {
  if (typeof table === "string" && TABLE.test(table)) return table;
  throw optionInvalid(DYNAMODB_STORE, "table", shown(table), "use 3 to 255 letters, digits, _, - and .");
}
