/**
 * `/metrics` for Prometheus, for whoever has at least the role operator: give the scraper an API token of that role.
 * Labels are route patterns and states, never ids or addresses.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { FastifyInstance } from 'fastify';
import { Gauge, Histogram, Registry } from 'prom-client';
import type { Context } from '../store/database.ts';

/** A figure of another room, read at each scrape: `platen_jobs{state="pending"} 3`. */
export type Measure = {
  readonly name: `platen_${string}`;
  readonly help: string;
  readonly values: readonly { readonly value: number; readonly labels?: Readonly<Record<string, string>> }[];
};
export type Measures = () => Promise<readonly Measure[]>;

const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

export function metricsRoutes(
  app: FastifyInstance,
  context: Context,
  { measures, streamCount }: { readonly measures: Measures; readonly streamCount: () => number },
): void {
  const registry = new Registry();
  const durations = new Histogram({
    name: 'platen_http_request_duration_seconds',
    help: 'Time from the request to the end of the answer.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: DURATION_BUCKETS,
    registers: [registry],
  });
  addProcessGauges(registry, streamCount);
  addDelayGauge(registry, app);

  app.addHook('onResponse', async (request, reply) => {
    // Streams last as long as the screen is open: their duration means nothing.
    if (request.routeOptions.url?.endsWith('/events') === true) return;
    const labels = { method: request.method, route: request.routeOptions.url ?? 'none', status: reply.statusCode };
    durations.observe(labels, reply.elapsedTime / 1000);
  });

  app.get('/metrics', { config: { role: 'operator' } }, async (_request, reply) => {
    const rooms = new Registry();
    try {
      for (const measure of await measures()) addGauge(rooms, measure);
    } catch (error) {
      // The process figures still help to find out why.
      context.log.error({ error }, 'the figures of the rooms could not be read');
    }
    const text = `${await registry.metrics()}${await rooms.metrics()}`;
    return reply.header('content-type', registry.contentType).send(text);
  });
}

function addGauge(registry: Registry, { name, help, values }: Measure): void {
  const labelNames = [...new Set(values.flatMap(({ labels }) => Object.keys(labels ?? {})))];
  const gauge = new Gauge({ name, help, labelNames, registers: [registry] });
  for (const { value, labels } of values) gauge.set(labels ?? {}, value);
}

function addProcessGauges(registry: Registry, streamCount: () => number): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  gauge('platen_resident_memory_bytes', 'Memory of the process.', () => process.memoryUsage.rss());
  gauge('platen_heap_used_bytes', 'JavaScript heap in use.', () => process.memoryUsage().heapUsed);
  gauge('platen_cpu_seconds', 'Processor time since the start.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000_000;
  });
  gauge('platen_uptime_seconds', 'Time since the start.', () => process.uptime());
  gauge('platen_event_streams', 'Live screens that are open.', streamCount);
}

const DELAY_LOOK_MS = 10;
const NANOSECONDS = 1_000_000_000;

/** How long other work has to wait for its turn: whatever makes the program slow, a document or a message, is seen here. */
function addDelayGauge(registry: Registry, app: FastifyInstance): void {
  const delays = monitorEventLoopDelay({ resolution: DELAY_LOOK_MS });
  delays.enable();
  app.addHook('onClose', async () => void delays.disable());
  new Gauge({
    name: 'platen_event_loop_delay_p99_seconds',
    help: 'What 99 of 100 waits for a turn of the program took at most since the last scrape.',
    registers: [registry],
    collect() {
      // Each of them is measured with the pause between two looks.
      const waited = delays.count === 0 ? 0 : delays.percentile(99) / NANOSECONDS - DELAY_LOOK_MS / 1_000;
      this.set(Math.max(0, waited));
      delays.reset();
    },
  });
}
