import { createSandbox } from '../../src/sandbox/index.js'
import {
  createSender,
  keepAliveTimeout,
  type Login,
  phoneOf,
  type RacingApp,
  served,
} from './race-apps.js'
import { startStockApp, type StockOptions } from './stock-app.js'

function withCookie(login: Omit<Login, 'sid'>): Login {
  const sid = /=s%3A([^.]+)\./.exec(login.credential)?.[1]
  if (sid === undefined) throw new Error('no session cookie')
  return { ...login, sid }
}

/** A stock app and its phones. */
export async function raceStock(options: StockOptions, redisUrl: string): Promise<RacingApp> {
  const sandbox = createSandbox({ rateLimit: 0 })
  const app = await startStockApp(options, { sandbox, redisUrl })
  app.server.keepAliveTimeout = keepAliveTimeout
  const { send, hangUp } = createSender([app.url], ({ credential }) => ({ cookie: credential }))
  return {
    ...phoneOf(send),
    openid: (user) => sandbox.user(user).openid(),
    newestKey: (user) => sandbox.user(user).sessionKey(),
    async login(user, { carrying, pace = '' } = {}) {
      const phone = sandbox.user(user)
      const code = phone.login()
      const sessionKey = phone.sessionKey()
      const reply = await send(`POST /login${pace}`, carrying, { code })
      if (!served(reply)) throw new Error('stock login refused')
      // A cookie that stays the same is not set again.
      return withCookie({ user, sessionKey, credential: reply.cookie ?? carrying!.credential })
    },
    async regenerate(login, pace = '') {
      const reply = await send(`POST /regenerate${pace}`, login)
      return served(reply) && reply.cookie !== undefined
        ? withCookie({ ...login, credential: reply.cookie })
        : null
    },
    stored: ({ sid }) => app.stored(sid),
    async close() {
      hangUp()
      await app.close()
      await sandbox.close()
    },
  }
}
