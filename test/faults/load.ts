import { Agent, request } from 'node:http'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'

/** One request of a load. */
export interface Wanted {
  /** What the answers are counted under: `public`, `me`, `login`, … */
  kind: string
  method?: 'GET' | 'POST'
  path: string
  token?: string | undefined
  body?: object | undefined
  /** Cuts the connection after so many ms, as a phone does that loses its network. */
  abortAfter?: number
}

/** What became of one request. */
export interface Answer {
  readonly wanted: Wanted
  /** `performance.now()` when it was sent. */
  readonly at: number
  /** From then until its last byte, or until it broke. */
  readonly ms: number
  /** 0 where no whole answer came. */
  readonly status: number
  /** The JSON of the answer; empty where it was none. */
  readonly body: Readonly<Record<string, unknown>>
  /** `error.code` of the plugin's errors. */
  readonly code: string | undefined
  /** Why no answer came. */
  readonly failure: string | undefined
}

/** HTTP over connections that stay open, as a mini program and a reverse proxy have them. */
export interface Phone {
  /** Never rejects: what went wrong is in the answer. */
  send(wanted: Wanted): Promise<Answer>
  close(): void
}

const errorCode = (body: Record<string, unknown>): string | undefined => {
  const { code } = (body['error'] ?? {}) as { code?: unknown }
  return typeof code === 'string' ? code : undefined
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return {}
  }
}

export function createPhone(url: string): Phone {
  // No limit: requests that hang must not keep those out that would show that others are answered.
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 512 })
  return {
    send(wanted) {
      const { method = 'GET', path, token, body, abortAfter } = wanted
      const text = body === undefined ? '' : JSON.stringify(body)
      const at = performance.now()
      return new Promise((resolve) => {
        const settle = (status: number, received: string, failure?: string): void => {
          const parsed = parse(received)
          const ms = performance.now() - at
          resolve({ wanted, at, ms, status, body: parsed, code: errorCode(parsed), failure })
        }
        const sent = request(`${url}${path}`, {
          method,
          agent,
          headers: {
            ...(token !== undefined && { authorization: `Bearer ${token}` }),
            ...(body !== undefined && { 'content-type': 'application/json' }),
            'content-length': Buffer.byteLength(text),
          },
        })
        const broke = (error: NodeJS.ErrnoException): void => {
          settle(0, '', error.code ?? error.message)
        }
        sent.on('error', broke)
        sent.on('response', (res) => {
          let received = ''
          res.setEncoding('utf8')
          res.on('data', (chunk: string) => (received += chunk))
          res.on('error', broke)
          res.on('end', () => {
            settle(res.statusCode!, received)
          })
        })
        sent.end(text)
        if (abortAfter !== undefined) setTimeout(() => sent.destroy(), abortAfter).unref()
      })
    },
    close: () => agent.destroy(),
  }
}

/** What a load came to. */
export interface LoadReport {
  /** In the order in which they came. Aborted requests are not in it. */
  answers: Answer[]
  /** Requests without an answer, `patience` after the last was sent; broken connections count too. */
  unanswered: number
  /** How often each status came. */
  statuses: Record<number, number>
  /** Longest time to the last byte, in ms. */
  slowest: number
  /** `performance.now()` at which the last request was sent that had no 2xx; undefined where all had. */
  lastBadAt: number | undefined
}

/** Counts answers: all of a load, or those that a test has picked. */
export function summarize(answers: readonly Answer[], hanging = 0): LoadReport {
  const statuses: Record<number, number> = {}
  let slowest = 0
  let lastBadAt: number | undefined
  for (const { status, ms, at } of answers) {
    statuses[status] = (statuses[status] ?? 0) + 1
    slowest = Math.max(slowest, ms)
    if (status < 200 || status > 299) lastBadAt = Math.max(lastBadAt ?? 0, at)
  }
  return {
    answers: [...answers],
    unanswered: hanging + (statuses[0] ?? 0),
    statuses,
    slowest,
    lastBadAt,
  }
}

/** The value that half of the answers took no longer than, in ms. */
export function median(answers: readonly Answer[]): number {
  const sorted = answers.map(({ ms }) => ms).sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? 0
}

/** A load that is running. */
export interface Load {
  /** Requests sent and not answered yet. */
  pending(): number
  /** The most there ever were at once. */
  mostPending(): number
  /** Resolves with the next answer that fits, among those that come from now on. */
  next(fits: (answer: Answer) => boolean): Promise<Answer>
  /** Sends no more, waits for what is under way for at most `patience` ms, and counts. */
  stop(patience?: number): Promise<LoadReport>
}

export interface LoadOptions {
  /** Requests a second, however fast they are answered: a load that waits for answers hides a hang. */
  rate: number
  /** Called once for each request, with its number from 0. */
  makeRequest: (n: number) => Wanted
  /** Called with each answer, also of aborted requests. */
  onAnswer?: (answer: Answer) => void
}

// Timers of Node are good to a millisecond; at 300 a second several requests go out per tick.
const shortestTick = 10

/** Sends requests at a fixed rate until {@link Load.stop}. */
export function startLoad(phone: Phone, { rate, makeRequest, onAnswer }: LoadOptions): Load {
  const answers: Answer[] = []
  const open = new Set<Promise<void>>()
  const waiting = new Set<{ fits: (answer: Answer) => boolean; resolve: (a: Answer) => void }>()
  let sent = 0
  let mostPending = 0
  const began = performance.now()

  function send(): void {
    const wanted = makeRequest(sent)
    sent += 1
    const done = phone.send(wanted).then((answer) => {
      open.delete(done)
      onAnswer?.(answer)
      if (wanted.abortAfter === undefined || answer.status !== 0) answers.push(answer)
      for (const waiter of waiting) {
        if (!waiter.fits(answer)) continue
        waiting.delete(waiter)
        waiter.resolve(answer)
      }
    })
    open.add(done)
    mostPending = Math.max(mostPending, open.size)
  }

  function catchUp(): void {
    const due = Math.floor(((performance.now() - began) * rate) / 1000) + 1
    while (sent < due) send()
  }

  const timer = setInterval(catchUp, Math.max(shortestTick, 1000 / rate))
  catchUp()
  return {
    pending: () => open.size,
    mostPending: () => mostPending,
    next: (fits) => new Promise((resolve) => waiting.add({ fits, resolve })),
    async stop(patience = 8000) {
      clearInterval(timer)
      const enough = new AbortController()
      await Promise.race([
        Promise.all(open),
        delay(patience, undefined, { signal: enough.signal }).catch(() => undefined),
      ])
      enough.abort()
      return summarize(answers, open.size)
    },
  }
}
