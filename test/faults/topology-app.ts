import { setTimeout as delay } from 'node:timers/promises'
import { startTestApp, type TestApp } from '../support/test-app.js'
import type { GivenClient } from './fault-clients.js'
import { type Answer, createPhone, type Phone } from './load.js'

/** Somebody with a session. */
export interface Holder {
  readonly token: string
  readonly openid: string
  /** What the requests of this one are counted under: `leaving` while it logs out, and `gone` from then on. */
  kind: string
}

/** The plugin on servers of which one is going to break. */
export interface TopologyApp {
  phone: Phone
  t: TestApp
  /** How many 503 there were that do not say when to come again. */
  withoutRetryAfter(): number
  /** A fresh code of somebody who has never logged in. */
  newcomer(): string
  /** Logs so many newcomers in. */
  holders(count: number): Promise<Holder[]>
  /** Ends a session: it is `gone` from then on. */
  logOut(holder: Holder): Promise<void>
  /** A session of an acknowledged login. */
  holderOf(login: Answer): Holder
  close(): Promise<void>
}

/** Ends a client in whatever state it is; some of them wait for servers that are not there. */
async function end(redis: GivenClient): Promise<void> {
  const ended = Promise.resolve().then(() => redis.destroy())
  await Promise.race([ended.catch(() => undefined), delay(1000)])
}

// All the apps of a file use one topology: each has users of its own.
let newcomers = 0

export async function startTopologyApp(redis: GivenClient): Promise<TopologyApp> {
  let withoutRetryAfter = 0
  // The plugin first: it listens for errors, and a client that nobody listens to ends the process.
  const t = await startTestApp({
    wx: { redis } as object,
    before(express) {
      express.use((_req, res, next) => {
        res.once('finish', () => {
          const retryAfter = res.getHeader('retry-after')
          if (res.statusCode === 503 && !/^[1-9]\d*$/.test(String(retryAfter))) withoutRetryAfter++
        })
        next()
      })
    },
  })
  await redis.connect()
  const phone = createPhone(t.url)
  const names = new Map<string, string>()
  const newcomer = (): string => {
    newcomers += 1
    const name = `newcomer ${String(newcomers)}`
    const code = t.sandbox.user(name).login()
    names.set(code, name)
    return code
  }
  const app: TopologyApp = {
    ...{ phone, t, newcomer },
    withoutRetryAfter: () => withoutRetryAfter,
    holderOf({ wanted, body }) {
      const { code } = wanted.body as { code: string }
      const openid = t.sandbox.user(names.get(code)!).openid()
      return { token: String(body['token']), openid, kind: 'me' }
    },
    holders: (count) =>
      Promise.all(
        Array.from({ length: count }, async () => {
          const body = { code: newcomer() }
          const path = '/wx/login'
          const answer = await phone.send({ kind: 'login', method: 'POST', path, body })
          if (answer.status !== 200) throw new Error(`login before: ${JSON.stringify(answer)}`)
          return app.holderOf(answer)
        }),
      ),
    async logOut(holder) {
      const { token } = holder
      holder.kind = 'leaving'
      const path = '/wx/logout'
      const answer = await phone.send({ kind: 'logout', method: 'POST', path, token })
      if (answer.status !== 204) throw new Error(`logout: ${JSON.stringify(answer)}`)
      holder.kind = 'gone'
    },
    async close() {
      phone.close()
      await t.close()
      await end(redis)
    },
  }
  return app
}
