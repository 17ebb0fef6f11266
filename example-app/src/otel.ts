import { tracingChannel } from 'node:diagnostics_channel'
import {
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { RequestHandler } from 'express'
import { requestIdOf, WxLoginError, type WxWeChatCall } from 'express-wx-login'
import { isProbe, routeOf } from './route-of.js'
import type { Tracing } from './tracing.js'

/**
 * OpenTelemetry by hand: a span of each request, and under it one of each request to WeChat.
 *
 * Not by the automatic instrumentation of undici: that one writes whole URLs into its spans, and in those to WeChat
 * stand the AppSecret, the code and the access token. docs/observability.md says how to use both.
 */
export function startTracing(): Tracing {
  // What a variable of OpenTelemetry can say, it says: service name, sampler, address, headers, timing.
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'express-wx-login-example-app' }).merge(
      detectResources({ detectors: [envDetector] }),
    ),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  const tracer = provider.getTracer('express-wx-login-example-app')
  const stop = traceWeChat(tracer)
  return {
    trace: traceRequests(tracer),
    async close() {
      stop()
      await provider.shutdown()
    },
  }
}

/** A span of every request, named by its route: a path can hold what is nobody's business. */
function traceRequests(tracer: Tracer): RequestHandler {
  return (req, res, next) => {
    if (isProbe(req)) return next()
    const { method } = req
    const parent = propagation.extract(context.active(), req.headers)
    const attributes = { 'http.request.method': method }
    const span = tracer.startSpan(method, { kind: SpanKind.SERVER, attributes }, parent)
    res.once('close', () => {
      const route = routeOf(req)
      span.updateName(`${method} ${route}`)
      span.setAttributes({
        'http.route': route,
        'http.response.status_code': res.statusCode,
        'http.response.header.x-request-id': [requestIdOf(req)],
      })
      if (res.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end()
    })
    context.with(trace.setSpan(parent, span), next)
  }
}

/**
 * A span of every request to WeChat, as the plugin tells of it: the path without its query. It comes in the context of
 * the request that caused it, and so becomes a child of that one's span.
 */
function traceWeChat(tracer: Tracer): () => void {
  const spans = new WeakMap<WxWeChatCall, Span>()
  const nothing = () => {}
  const channel = tracingChannel<unknown, WxWeChatCall>('express-wx-login:wechat')
  const subscriber = {
    start(call: WxWeChatCall) {
      const attributes = { 'url.template': call.endpoint, 'wechat.appid': call.appid }
      spans.set(
        call,
        tracer.startSpan(`WeChat ${call.endpoint}`, { kind: SpanKind.CLIENT, attributes }),
      )
    },
    end: nothing,
    asyncStart: nothing,
    error: nothing,
    asyncEnd(call: WxWeChatCall) {
      const span = spans.get(call)
      if (!span) return
      const { errcode, error } = call
      if (errcode !== undefined) span.setAttribute('wechat.errcode', errcode)
      const failure = WxLoginError.is(error) ? error.code : errcode ? String(errcode) : undefined
      if (failure !== undefined) {
        span.setAttribute('error.type', failure)
        span.setStatus({ code: SpanStatusCode.ERROR })
      }
      span.end()
    },
  }
  channel.subscribe(subscriber)
  return () => void channel.unsubscribe(subscriber)
}
