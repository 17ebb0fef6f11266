import type { RequestHandler } from 'express'

/** Spans of what this process does, on their way to a collector. */
export interface Tracing {
  /** Makes a span of every request; first in the app. */
  readonly trace: RequestHandler
  /** Sends what is left, and ends it. */
  close(): Promise<void>
}

/** OpenTelemetry's own variables switch it on: with an address to send to, and nothing that says no. */
export function wantsTracing(env: NodeJS.ProcessEnv): boolean {
  const address = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT
  return !!address && env.OTEL_SDK_DISABLED !== 'true' && env.OTEL_TRACES_EXPORTER !== 'none'
}

/** Starts tracing where it is wanted. Else nothing of OpenTelemetry's SDK is even loaded. */
export async function openTracing(wanted: boolean): Promise<Tracing | undefined> {
  if (!wanted) return undefined
  const { startTracing } = await import('./otel.js')
  return startTracing()
}
