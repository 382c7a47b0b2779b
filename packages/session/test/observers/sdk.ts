import { context, type Span, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { DataPointType, MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { openTelemetry } from "@sojourn/session/otel";

class Reader extends MetricReader {
  protected override async onForceFlush() {}
  protected override async onShutdown() {}
}

/** Call it once in a file: what is active is kept for the whole process. */
export function keepContext(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
}

/** Telemetry into memory. */
export function createSdk(clock?: { monotonic(): number }) {
  const started: ReadableSpan[] = [];
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(exporter), noting(started)],
  });
  const reader = new Reader();
  const meterProvider = new MeterProvider({ readers: [reader] });
  const tracer = tracerProvider.getTracer("test");
  const spans = () => exporter.getFinishedSpans();

  async function metrics() {
    const { resourceMetrics } = await reader.collect();
    return resourceMetrics.scopeMetrics.flatMap(({ metrics: all }) => all);
  }

  return {
    tracerProvider,
    meterProvider,
    telemetry: openTelemetry({ tracerProvider, meterProvider, ...(clock && { clock }) }),
    spans,
    metrics,
    /** Each series as `name{attributes} value`; of a histogram the value is the sum and the count. */
    async series(): Promise<string[]> {
      return (await metrics()).flatMap(({ descriptor, dataPoints, dataPointType }) =>
        dataPoints.map(({ attributes, value }) => {
          const told = Object.entries(attributes).map(([name, each]) => `${name}=${each}`);
          const shown =
            dataPointType === DataPointType.HISTOGRAM && typeof value === "object" && "sum" in value
              ? `${value.sum} in ${value.count}`
              : value;
          return `${descriptor.name}{${told.join(",")}} ${shown}`;
        }),
      );
    },
    /** Runs `work` in a span of its own and gives what stands below that, as lines of names, indented. */
    async tree(work: () => Promise<unknown>): Promise<string[]> {
      const root = tracer.startSpan("request");
      await context.with(trace.setSpan(context.active(), root), work);
      root.end();
      return below(root, started, "");
    },
  };
}

/** Spans in the order in which they began. */
function noting(started: ReadableSpan[]): SpanProcessor {
  const nothing = async () => {};
  return { onStart: (span) => void started.push(span), onEnd: () => {}, forceFlush: nothing, shutdown: nothing };
}

function below(parent: Span, spans: readonly ReadableSpan[], indent: string): string[] {
  return spans
    .filter(({ parentSpanContext }) => parentSpanContext?.spanId === parent.spanContext().spanId)
    .flatMap((span) => [indent + span.name, ...below(span as unknown as Span, spans, `${indent}  `)]);
}
