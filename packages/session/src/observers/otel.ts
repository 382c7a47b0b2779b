import {
  type Attributes,
  context,
  diag,
  type MeterProvider,
  metrics,
  type Span,
  SpanStatusCode,
  type TracerProvider,
  trace as traces,
} from "@opentelemetry/api";
import { type Awaitable, type Clock, isPromise, systemClock } from "@sojourn/core";
import { codeOf } from "../emitter.ts";
import type { SessionEvent } from "../events.ts";
import { checkKeys, checkMethods } from "../option-check.ts";
import type { Operation, OperationEnd, Telemetry } from "../telemetry.ts";
import { createMeters, type Meters, SCOPE } from "./otel-meters.ts";

export interface OpenTelemetryOptions {
  /** @default the registered one */
  readonly tracerProvider?: TracerProvider;
  /** @default the one that is registered when the first session is loaded */
  readonly meterProvider?: MeterProvider;
  /** Measures how long the store takes. @default the system's */
  readonly clock?: Pick<Clock, "monotonic">;
}

/**
 * Spans and metrics through `@opentelemetry/api`: a span for each operation, under the one that is active, and below it
 * one for each call to the store. They carry `session.id`, which is the session's key and opens nothing, and codes of
 * errors; no user ids, tokens, data or messages. Names: docs/reference/metrics.md. Without an SDK it does next to
 * nothing. Register the SDK before the first request: metrics that began without one stay silent.
 * @throws OPTIONS_INVALID
 * @example
 * const sessions = createSessions({ store, telemetry: openTelemetry() });
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): Telemetry {
  checkKeys(options, ["tracerProvider", "meterProvider", "clock"], "openTelemetry: options");
  checkMethods(options.tracerProvider, ["getTracer"], "openTelemetry: tracerProvider");
  checkMethods(options.meterProvider, ["getMeter"], "openTelemetry: meterProvider");
  checkMethods(options.clock, ["monotonic"], "openTelemetry: clock");
  const { tracerProvider = traces, meterProvider = metrics, clock = systemClock } = options;
  const tracer = tracerProvider.getTracer(SCOPE);
  let made: Meters | undefined;
  const meters = () => {
    made ??= createMeters(meterProvider);
    return made;
  };

  function begin({ name, sessionId, store }: Operation): Span | undefined {
    return quietly(() => {
      meters();
      return tracer.startSpan(name, { attributes: present({ "session.id": sessionId, "sojourn.store.name": store }) });
    });
  }

  function end(span: Span | undefined, operation: Operation, startedMs: number, facts: () => OperationEnd): void {
    quietly(() => {
      const { sessionId, outcome } = facts();
      span?.setAttributes(present({ "session.id": sessionId, "sojourn.store.outcome": outcome }));
      span?.end();
      measure(operation, startedMs, outcome ?? "done", undefined);
    });
  }

  function fail(span: Span | undefined, operation: Operation, startedMs: number, error: unknown): void {
    quietly(() => {
      const code = codeOf(error);
      // Never `recordException`: messages of foreign errors may quote data.
      span?.setStatus({ code: SpanStatusCode.ERROR, message: code }).setAttribute("error.type", code);
      span?.end();
      measure(operation, startedMs, "failed", code);
    });
  }

  function measure({ name, store }: Operation, startedMs: number, outcome: string, code: string | undefined): void {
    if (store === undefined) {
      if (code !== undefined) meters().failures.add(1, { "sojourn.operation": name, "error.type": code });
      return;
    }
    const seconds = (clock.monotonic() - startedMs) / 1_000;
    const told = {
      "sojourn.store.name": store,
      "sojourn.store.operation": name.slice(name.indexOf(".") + 1),
      "sojourn.store.outcome": outcome,
      "error.type": code,
    };
    meters().storeDuration.record(seconds, present(told));
  }

  return Object.freeze<Telemetry>({
    trace<T>(operation: Operation, work: () => Awaitable<T>, endOf: (result: T) => OperationEnd): Awaitable<T> {
      const startedMs = clock.monotonic();
      const span = begin(operation);
      const ended = (result: T) => {
        end(span, operation, startedMs, () => endOf(result));
        return result;
      };
      const failed = (error: unknown): never => {
        fail(span, operation, startedMs, error);
        throw error;
      };
      let doing: Awaitable<T>;
      try {
        doing = span === undefined ? work() : context.with(traces.setSpan(context.active(), span), work);
      } catch (error) {
        return failed(error);
      }
      return isPromise(doing) ? doing.then(ended, failed) : ended(doing);
    },
    event(event) {
      const reason = { "sojourn.event.type": event.type, "sojourn.event.reason": reasonOf(event) };
      meters().events.add(1, present(reason));
      if (event.type === "store.down") meters().storeDown.add(1);
      if (event.type === "store.up") meters().storeDown.add(-1);
    },
  });
}

function reasonOf(event: SessionEvent): string | undefined {
  if ("reason" in event) return event.reason;
  if ("outcome" in event) return event.outcome;
  if ("code" in event) return event.code;
  return "operation" in event ? event.operation : undefined;
}

/** What is not known is left out, never empty. */
function present(attributes: Readonly<Record<string, string | undefined>>): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}

/** A span processor that throws fails no request. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    diag.error("telemetry failed", codeOf(error));
    return undefined;
  }
}
