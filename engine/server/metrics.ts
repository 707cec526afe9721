import type { ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'
import { Gauge, Histogram } from 'prom-client'
import type { Watch } from './watch.ts'

/** What the server counts about itself. */
export interface HttpMetrics {
  /** Times a request until its response is done; watches and logs, which last, are not timed. */
  observe(response: ServerResponse, labels: { method: string; route: Route }): void
}

/** What a path belongs to: few values, since each makes a time series. */
export type Route = 'api' | 'git' | 'gantry' | 'health' | 'metrics' | 'other'

export function createHttpMetrics(registry: Registry, watches: () => Iterable<Watch>): HttpMetrics {
  const duration = new Histogram({
    name: 'gantry_http_request_duration_seconds',
    help: 'Time from a request to the end of its response, but for watches and followed logs.',
    labelNames: ['method', 'route', 'code'] as const,
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10],
    registers: [registry],
  })
  const watching = new Gauge({
    name: 'gantry_http_watches',
    help: 'Watches being served, by kind.',
    labelNames: ['kind'] as const,
    registers: [],
    collect() {
      this.reset()
      for (const { kind } of watches()) this.inc({ kind })
    },
  })
  registry.registerMetric(watching)
  return {
    observe(response, { method, route }) {
      const started = performance.now()
      response.once('finish', () => {
        const labels = { method, route, code: String(response.statusCode) }
        duration.observe(labels, (performance.now() - started) / 1000)
      })
    },
  }
}
