import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createSystemRandom, generateKey } from "@sojourn/core";
import { dynamodbTable } from "@sojourn/session/stores/dynamodb";
import { createBrowser } from "@sojourn/session/testing";
import { expect, onTestFinished, test, vi } from "vitest";
import { parse } from "yaml";
import { createDynamoTable, openDynamo, shareDynalite } from "../fixtures/dynalite.ts";
import { compileExample, EXAMPLES } from "./compile.ts";

const FOLDER = join(EXAMPLES, "lambda-dynamodb");
const SITE = "https://abc.execute-api.eu-central-1.amazonaws.com";
const dynalite = shareDynalite();

interface Result {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly cookies: string[];
  readonly body: string;
}

/** As API Gateway calls a function, with the event's documented form. */
async function eventOf(request: Request) {
  const { pathname, search, host } = new URL(request.url);
  const { cookie, ...headers } = Object.fromEntries(request.headers);
  const body = await request.text();
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath: pathname,
    rawQueryString: search.slice(1),
    ...(cookie !== undefined && { cookies: cookie.split("; ") }),
    headers: { ...headers, host, "x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "https" },
    requestContext: { domainName: host, stage: "$default", http: { method: request.method, path: pathname } },
    ...(body !== "" && { body: Buffer.from(body).toString("base64") }),
    isBase64Encoded: body !== "",
  };
}

test("examples/lambda-dynamodb: the cart outlives login and the function's process, and logout is final", async () => {
  expect(compileExample("lambda-dynamodb")).toBe("");
  const server = await dynalite();
  const { table } = dynamodbTable({ table: "shop-sessions" });
  await createDynamoTable(openDynamo(server.url), table);
  const env = {
    AWS_ENDPOINT_URL_DYNAMODB: server.url,
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    SESSIONS_TABLE: table.TableName,
    SOJOURN_KEYS: generateKey(createSystemRandom()),
    NODE_ENV: "production",
  };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());

  /** A module of its own, as in another process. */
  const start = async (nth: number) => {
    const address = `${pathToFileURL(join(FOLDER, "dist/handler.js")).href}?${nth}`;
    return (await import(address)) as { handler(event: unknown): Promise<Result> };
  };
  let lambda = await start(1);
  const browser = createBrowser({
    send: async (request) => {
      const { statusCode, headers, cookies, body } = await lambda.handler(await eventOf(request));
      const fields = [...Object.entries(headers), ...cookies.map((one): [string, string] => ["Set-Cookie", one])];
      return new Response(Buffer.from(body, "base64"), { status: statusCode, headers: fields });
    },
  });
  const told = async (method: string, path: string, body?: string) => {
    const response = await browser.request(SITE + path, { method, ...(body !== undefined && { body }) });
    return [response.status, await response.text()];
  };

  expect(await told("GET", "/nowhere")).toEqual([404, "Not found"]);
  expect(await told("POST", "/cart", "pear")).toEqual([200, '{"user":null,"items":["pear"]}']);
  expect(browser.jar.cookies.map(({ name }) => name)).toEqual(["__Host-session"]);
  expect(await told("POST", "/login")).toEqual([200, '{"user":"ada","items":["pear"]}']);
  lambda = await start(2);
  expect(await told("POST", "/cart?x=1", "plüm")).toEqual([200, '{"user":"ada","items":["pear","plüm"]}']);
  server.asked.length = 0;
  expect(await told("GET", "/cart")).toEqual([200, '{"user":"ada","items":["pear","plüm"]}']);
  expect(server.asked).toEqual(["GetItem"]);
  expect(await told("POST", "/logout")).toEqual([200, '{"user":null,"items":[]}']);
  expect(browser.jar.cookies).toEqual([]);
  server.fault = (_, response) => {
    response.socket?.destroy();
    return true;
  };
  browser.jar.receive("__Host-session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA; Secure; Path=/", new URL(SITE));
  expect((await told("GET", "/cart"))[0]).toBe(503);
});

test("examples/lambda-dynamodb/template.yaml makes the table that the store needs", () => {
  const { Resources } = parse(readFileSync(join(FOLDER, "template.yaml"), "utf8"));
  const { table, timeToLive } = dynamodbTable();
  expect(Resources.Sessions.Properties).toEqual({
    ...table,
    TimeToLiveSpecification: timeToLive.TimeToLiveSpecification,
    SSESpecification: { SSEEnabled: true },
  });
});

test("docs/guide/production/dynamodb.sh makes the same table", () => {
  const script = readFileSync(join(EXAMPLES, "../docs/guide/production/dynamodb.sh"), "utf8");
  const { table, timeToLive } = dynamodbTable();
  const [[attribute], [key]] = [table.AttributeDefinitions, table.KeySchema];
  for (const part of [
    `--table-name ${table.TableName} --billing-mode ${table.BillingMode}`,
    `--attribute-definitions AttributeName=${attribute?.AttributeName},AttributeType=${attribute?.AttributeType} `,
    `--key-schema AttributeName=${key?.AttributeName},KeyType=${key?.KeyType}\n`,
    `--table-name ${timeToLive.TableName} \\\n`,
    `"Enabled=true, AttributeName=${timeToLive.TimeToLiveSpecification.AttributeName}"`,
  ])
    expect(script).toContain(part);
});
