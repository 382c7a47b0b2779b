import { SojournError } from "@sojourn/core";
import type { DynamoClient, DynamoTableDefinition } from "@sojourn/session/stores/dynamodb";
import type { PlaceFlags, StoreConnection, StoreKind } from "./store-kind.ts";
import { type StoreUrl, wrongUrl } from "./store-url.ts";

const CONNECT_MS = 5_000;
/** A new table is asked for this often until it is ready. */
const READY_SECONDS = 120;

/** What of the package is called. */
type Client = DynamoClient & {
  describeTable(input: { TableName: string }): Promise<unknown>;
  createTable(input: DynamoTableDefinition["table"]): Promise<unknown>;
  describeTimeToLive(input: { TableName: string }): Promise<{
    TimeToLiveDescription?: { TimeToLiveStatus?: string };
  }>;
  updateTimeToLive(input: DynamoTableDefinition["timeToLive"]): Promise<unknown>;
};
interface Sdk {
  readonly DynamoDB: new (options: Record<string, unknown>) => Client;
  waitUntilTableExists(wait: { client: Client; maxWaitTime: number }, input: { TableName: string }): Promise<unknown>;
}

/** Region and credentials that the URL does not name come from where AWS's own tools find them. */
export const dynamodbKind: StoreKind = {
  name: "DynamoDB",
  schemes: ["dynamodb"],
  example: "dynamodb://REGION, or dynamodb: for the region of your AWS settings; ?endpoint=URL for another server",
  takes: ["table"],
  async open({ url, place, load }): Promise<StoreConnection> {
    const sdk = load("@aws-sdk/client-dynamodb").module as Sdk;
    const client = new sdk.DynamoDB({
      ...whereabouts(url),
      maxAttempts: 3,
      requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: CONNECT_MS },
    });
    const { dynamodbStore } = await import("@sojourn/session/stores/dynamodb");
    const store = dynamodbStore(client, place);
    return {
      store,
      // Whether there is a table, the first call tells.
      connect: () => client.describeTable({ TableName: "sojourn-nothing" }).catch(unlessAnswered),
      async migrate() {
        try {
          await migrate(sdk, client, place);
        } catch (error) {
          const how = "let this user create the table, or have it made as --dry-run prints";
          const reason = `${nameOf(error)}: ${error instanceof Error ? error.message : ""}`;
          throw new SojournError("STORE_OPEN_FAILED", { store: "dynamodbStore", where: url.shown, reason, how });
        }
      },
      async close() {
        await store.close();
        client.destroy();
      },
    };
  },
  preparation: async (place) => JSON.stringify(await definition(place), undefined, 2),
};

/** @throws OPTION_INVALID */
function whereabouts(url: StoreUrl): { readonly region?: string; readonly endpoint?: string } {
  const [region = "", query = ""] = url.rest.split("?");
  const asked = new URLSearchParams(query);
  const endpoint = asked.get("endpoint") ?? undefined;
  const how = "write it like dynamodb://eu-central-1, and name the table by --table";
  if (!/^[a-z0-9-]*$/.test(region)) throw wrongUrl(url, "it names no region", how);
  if ([...asked.keys()].some((key) => key !== "endpoint") || (endpoint !== undefined && !URL.canParse(endpoint)))
    throw wrongUrl(url, "its query is no endpoint", "write it like ?endpoint=http://127.0.0.1:8000");
  return { ...(region !== "" && { region }), ...(endpoint !== undefined && { endpoint }) };
}

async function definition(place: PlaceFlags): Promise<DynamoTableDefinition> {
  const { dynamodbTable } = await import("@sojourn/session/stores/dynamodb");
  return dynamodbTable(place);
}

async function migrate(sdk: Sdk, client: Client, place: PlaceFlags): Promise<void> {
  const { table, timeToLive } = await definition(place);
  const { TableName } = table;
  await client.createTable(table).catch((error: unknown) => {
    if (nameOf(error) !== "ResourceInUseException") throw error;
  });
  await sdk.waitUntilTableExists({ client, maxWaitTime: READY_SECONDS }, { TableName });
  await expireBy(client, timeToLive).catch(unlessEmulated);
}

async function expireBy(client: Client, timeToLive: DynamoTableDefinition["timeToLive"]): Promise<void> {
  const { TimeToLiveDescription } = await client.describeTimeToLive({ TableName: timeToLive.TableName });
  // Asking for what is so already is an error.
  if (TimeToLiveDescription?.TimeToLiveStatus === "DISABLED") await client.updateTimeToLive(timeToLive);
}

/** Emulators may know no time to live, which only saves space. */
function unlessEmulated(error: unknown): void {
  if (nameOf(error) !== "UnknownOperationException") throw error;
}

/** A server that says that there is no such table, or that this user may not ask, is there. */
function unlessAnswered(error: unknown): void {
  if (!["ResourceNotFoundException", "AccessDeniedException"].includes(nameOf(error))) throw error;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "";
}
