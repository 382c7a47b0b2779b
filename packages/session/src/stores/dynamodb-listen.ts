import type { Clock } from "@sojourn/core";
import type { DynamoClient, DynamoHandler } from "./dynamodb-client.ts";
import type { DynamoTime } from "./dynamodb-time.ts";

/**
 * Stands between the client and the wire, at every attempt: hears the date of each answer, and keeps the SDK from sending
 * a creation again whose answer was lost. A copy that arrives late would bring back a session that has ended since.
 * @param isCreation whether the command is one of the store's that creates.
 * @param once makes of an error one that the SDK does not take for transient.
 * @returns stops listening.
 */
export function listenTo(
  client: DynamoClient,
  parts: {
    readonly clock: Clock;
    readonly time: DynamoTime;
    readonly isCreation: (input: unknown) => boolean;
    readonly once: (error: unknown) => unknown;
  },
): () => void {
  const { clock, time, isCreation, once } = parts;
  const middleware = (next: DynamoHandler): DynamoHandler => {
    return async (call) => {
      const sentAtMs = clock.now();
      try {
        const answer = await next(call);
        time.hear(dateOf(answer.response), sentAtMs);
        return answer;
      } catch (error) {
        const { $response, $fault } = Object(error) as { $response?: unknown; $fault?: unknown };
        time.hear(dateOf($response), sentAtMs);
        // What the server blames on the client it has not done.
        throw $fault !== "client" && isCreation((call as { input: unknown }).input) ? once(error) : error;
      }
    };
  };
  // Outside of the SDK's own, which makes errors of answers.
  client.middlewareStack.add(middleware, { step: "deserialize", priority: "high" });
  return () => void client.middlewareStack.remove(middleware as never);
}

function dateOf(response: unknown): unknown {
  return (response as { headers?: { date?: unknown } } | null | undefined)?.headers?.date;
}
