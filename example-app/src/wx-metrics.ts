import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import type { RequestHandler } from 'express'
import { errorCodes, type WxDiagnostics, type WxWeChatCall } from 'express-wx-login'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

// Copy this file: it needs prom-client and express-wx-login, and nothing else of this app.

/** How long after its last request a session counts as active, in ms. */
const activeFor = 5 * 60_000
/** Beyond it the oldest are forgotten, so that the gauge stands still and not the memory. */
const mostActive = 200_000
/** So many at once: each walk over a Map steps over all that was deleted from its beginning. */
const forgottenAtOnce = 2000

const weChat = 'express-wx-login:wechat'
// Whatever wx.api.request may be called with, and whatever WeChat may answer: labels must stay few.
const endpoints = new Set([
  '/sns/jscode2session',
  'code2Session',
  '/cgi-bin/stable_token',
  '/wxa/business/getuserphonenumber',
  '/wxa/business/checkencryptedmsg',
  '/wxa/checksession',
  '/wxa/resetusersessionkey',
])
const mostErrcodes = 50
const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export interface WxMetrics {
  /** Counts the session of a request as active; behind `app.use(wxLogin(...))`. */
  readonly seen: RequestHandler
  /** Ends it. */
  close(): void
}

/** Everything that express-wx-login says of itself, as metrics for Prometheus. */
export function createWxMetrics(registry: Registry): WxMetrics {
  const registers = [registry]
  const counter = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Counter<L>({ name, help, labelNames, registers })
  const histogram = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Histogram<L>({ name, help, labelNames, buckets: seconds, registers })
  const stops: (() => void)[] = []
  const on = <N extends keyof WxDiagnostics>(
    name: N,
    tell: (message: WxDiagnostics[N]) => void,
  ) => {
    const listener = (message: unknown) => tell(message as WxDiagnostics[N])
    subscribe(name, listener)
    stops.push(() => unsubscribe(name, listener))
  }

  const logins = counter('wx_logins_total', 'Logins that made a session.')
  const failures = counter(
    'wx_login_failures_total',
    'Logins that came to nothing, by error code.',
    ['code'],
  )
  const loginTime = histogram(
    'wx_login_duration_seconds',
    'Time of POST /wx/login, WeChat and the app’s own onUser included.',
    ['result'],
  )
  on('express-wx-login:login:made', ({ durationMs }) => {
    logins.inc()
    loginTime.observe({ result: 'made' }, durationMs / 1000)
  })
  on('express-wx-login:login:failed', ({ code, durationMs }) => {
    failures.inc({ code })
    loginTime.observe({ result: 'failed' }, durationMs / 1000)
  })

  const errors = counter('wx_errors_total', 'Errors of express-wx-login, as onError gets them.', [
    'code',
  ])
  const refusals = counter('wx_guard_refusals_total', 'Requests that requireWxSession refused.', [
    'code',
  ])
  // From 0 on: the first increase of a series that was not there is one that rate() does not see.
  for (const code of errorCodes) for (const each of [errors, failures]) each.inc({ code }, 0)
  on('express-wx-login:error', ({ code }) => errors.inc({ code }))
  on('express-wx-login:guard:refused', ({ code }) => refusals.inc({ code }))

  const askTime = histogram(
    'wx_wechat_request_duration_seconds',
    'Time of one request to WeChat.',
    ['endpoint'],
  )
  const answers = counter(
    'wx_wechat_answers_total',
    'Answers of WeChat by errcode; 0 is success.',
    ['endpoint', 'errcode'],
  )
  const silences = counter(
    'wx_wechat_unanswered_total',
    'Requests to WeChat without an answer that can be read.',
    ['endpoint'],
  )
  const errcodes = new Set<number>()
  const errcodeLabel = (errcode: number) => {
    if (errcodes.size < mostErrcodes) errcodes.add(errcode)
    return errcodes.has(errcode) ? String(errcode) : 'other'
  }
  const nothing = () => {}
  const tracing = tracingChannel<unknown, WxWeChatCall>(weChat)
  const tracer = {
    start: nothing,
    end: nothing,
    asyncStart: nothing,
    error: nothing,
    asyncEnd({ endpoint: path, durationMs = 0, errcode }: WxWeChatCall) {
      const endpoint = endpoints.has(path) ? path : 'other'
      askTime.observe({ endpoint }, durationMs / 1000)
      if (errcode === undefined) silences.inc({ endpoint })
      else answers.inc({ endpoint, errcode: errcodeLabel(errcode) })
    },
  }
  tracing.subscribe(tracer)
  stops.push(() => tracing.unsubscribe(tracer))

  const away = new Gauge({
    name: 'wx_outage',
    help: '1 while it is away for this process: the session store, WeChat for logins, WeChat for wx.api.',
    labelNames: ['of'] as const,
    registers,
  })
  const outages = counter('wx_outages_total', 'How often it went away.', ['of'])
  const goes = (of: string) => {
    away.set({ of }, 1)
    outages.inc({ of })
  }
  for (const what of ['store', 'wechat_login', 'wechat_api']) {
    away.set({ of: what }, 0)
    outages.inc({ of: what }, 0)
  }
  on('express-wx-login:store:outage:begin', () => goes('store'))
  on('express-wx-login:store:outage:end', () => away.set({ of: 'store' }, 0))
  on('express-wx-login:wechat:outage:begin', ({ of }) => goes(`wechat_${of}`))
  on('express-wx-login:wechat:outage:end', ({ of }) => away.set({ of: `wechat_${of}` }, 0))

  const failed = counter(
    'wx_store_failures_total',
    'Operations of the session store that failed or were late.',
    ['operation', 'late'],
  )
  on('express-wx-login:store:failed', ({ operation, late }) =>
    failed.inc({ operation, late: String(late) }),
  )

  const keys = counter(
    'wx_stale_keys_total',
    'Signed or encrypted data that no key fitted (refused), or only one that was replaced (earlier).',
    ['result'],
  )
  for (const result of ['refused', 'earlier']) keys.inc({ result }, 0)
  on('express-wx-login:key:refused', () => keys.inc({ result: 'refused' }))
  on('express-wx-login:key:earlier', () => keys.inc({ result: 'earlier' }))

  const ended = counter('wx_sessions_ended_total', 'Sessions that this process ended.', ['reason'])
  const revoked = counter(
    'wx_sessions_revoked_total',
    'Of them those that the phone did not ask for.',
    ['reason'],
  )
  for (const reason of [
    'revoke',
    'limit',
    'user_authorization_revoke',
    'user_authorization_cancellation',
  ])
    revoked.inc({ reason }, 0)
  // In the order of their last request, the longest ago first.
  const active = new Map<string, number>()
  on('express-wx-login:session:ended', ({ sessionIds, reason }) => {
    ended.inc({ reason }, sessionIds.length)
    for (const id of sessionIds) active.delete(id)
  })
  on('express-wx-login:session:revoked', ({ sessionIds, reason }) =>
    revoked.inc({ reason }, sessionIds.length),
  )

  const activeNow = new Gauge({
    name: 'wx_sessions_active',
    help: 'Sessions with a request to this process in the last five minutes. One that several processes saw is in each.',
    registers: [],
    collect() {
      for (const [id, at] of active) {
        if (performance.now() - at <= activeFor) break
        active.delete(id)
      }
      this.set(active.size)
    },
  })
  registry.registerMetric(activeNow)
  const forgetOldest = () => {
    for (const id of active.keys()) {
      active.delete(id)
      if (active.size <= mostActive - forgottenAtOnce) break
    }
  }

  return {
    seen(req, _res, next) {
      const id = req.wx?.sessionId
      if (id !== undefined) {
        active.delete(id)
        active.set(id, performance.now())
        if (active.size > mostActive) forgetOldest()
      }
      next()
    },
    close() {
      for (const stop of stops) stop()
    },
  }
}
