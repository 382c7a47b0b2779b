/** One value of an item, of the kinds that the store uses: text, a number written out, bytes. */
export type DynamoGiven = { S: string } | { N: string } | { B: Uint8Array };

export type DynamoItem = Record<string, DynamoGiven>;

/** A value as it comes back, perhaps of another kind. */
export interface DynamoValue {
  readonly S?: string | undefined;
  readonly N?: string | undefined;
  readonly B?: Uint8Array | undefined;
}

export type DynamoFound = Readonly<Record<string, DynamoValue>>;

interface Condition {
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: DynamoItem;
  readonly ReturnValuesOnConditionCheckFailure?: "ALL_OLD";
}

export interface DynamoGet {
  readonly TableName: string;
  readonly Key: DynamoItem;
  readonly ConsistentRead: boolean;
}

export interface DynamoPut extends Condition {
  readonly TableName: string;
  readonly Item: DynamoItem;
}

export interface DynamoUpdate extends Condition {
  readonly TableName: string;
  readonly Key: DynamoItem;
  readonly UpdateExpression: string;
}

export interface DynamoDelete extends Condition {
  readonly TableName: string;
  readonly Key: DynamoItem;
  readonly ReturnValues?: "ALL_OLD";
}

export interface DynamoScan {
  readonly TableName: string;
  readonly ConsistentRead: boolean;
  readonly Limit?: number;
  readonly ProjectionExpression: string;
  readonly FilterExpression: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues: DynamoItem;
  readonly ExclusiveStartKey?: DynamoItem;
}

export interface DynamoScanned {
  Items?: DynamoFound[] | undefined;
  LastEvaluatedKey?: DynamoFound | undefined;
}

/** What a middleware of the step "deserialize" calls and is. A call holds the command's `input`. */
export type DynamoHandler = (call: never) => Promise<{ response: unknown }>;

/** A client `DynamoDB` of `@aws-sdk/client-dynamodb` 3. Its `DynamoDBClient` lacks the methods. */
export interface DynamoClient {
  getItem(input: DynamoGet): Promise<{ Item?: DynamoFound | undefined }>;
  putItem(input: DynamoPut): Promise<unknown>;
  updateItem(input: DynamoUpdate): Promise<unknown>;
  deleteItem(input: DynamoDelete): Promise<{ Attributes?: DynamoFound | undefined }>;
  scan(input: DynamoScan): Promise<DynamoScanned>;
  readonly middlewareStack: {
    add(
      middleware: (next: DynamoHandler) => DynamoHandler,
      options: { readonly step: "deserialize"; readonly priority: "high" },
    ): void;
    /** What was added. */
    remove(middleware: never): boolean;
  };
  destroy(): void;
}

const METHODS = ["getItem", "putItem", "updateItem", "deleteItem", "scan", "middlewareStack"] as const;

export function isDynamoClient(client: unknown): client is DynamoClient {
  const has = Object(client) as Readonly<Record<string, unknown>>;
  return METHODS.every((name) => has[name] !== undefined);
}
