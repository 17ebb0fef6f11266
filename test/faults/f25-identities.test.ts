import { setTimeout as delay } from 'node:timers/promises'
import { type FaultApp, withFaultApp } from './fault-app.js'
import { noteRow } from './fault-table.js'
import { type Answer, startLoad, summarize } from './load.js'

// Nobody gets what belongs to another, whatever happens to the connection that all of them share. The class of
// OpenAI's outage of 2023: a request that is given up leaves its answer to the next.

interface Users {
  tokens: string[]
  openids: string[]
}

async function logIn(app: FaultApp, count: number): Promise<Users> {
  const users: Users = { tokens: [], openids: [] }
  for (let i = 0; i < count; i++) {
    users.tokens.push(await app.login(`user ${String(i)}`))
    users.openids.push(app.t.sandbox.user(`user ${String(i)}`).openid())
  }
  return users
}

/** Loads the app with requests of all these users for as long as `storm` takes, and looks whom each answer names. */
async function confuse(
  app: FaultApp,
  { tokens, openids }: Users,
  row: { fault: string; what: string; client: string },
  storm: () => Promise<void>,
): Promise<Answer[]> {
  const owner = new Map(tokens.map((token, i) => [token, openids[i]]))
  let aborted = 0
  const load = startLoad(app.phone, {
    rate: 250,
    makeRequest: (n) => ({
      kind: 'me',
      path: '/me',
      token: tokens[(n * 37) % tokens.length],
      // Every third phone loses its network, while the request is on its way or a little later.
      ...(n % 3 === 0 && { abortAfter: n % 20 }),
    }),
    onAnswer: ({ status }) => {
      if (status === 0) aborted += 1
    },
  })
  await storm().catch(async (error: unknown) => {
    await load.stop(0)
    throw error
  })
  await delay(500)
  const { answers, statuses, slowest, unanswered } = await load.stop()
  const wrong = answers.filter(
    ({ status, wanted, body }) => status === 200 && body['openid'] !== owner.get(wanted.token!),
  )
  noteRow({
    ...row,
    ...{ asked: `me, ${String(aborted)} aborted`, statuses, slowest },
    required: `${String(wrong.length)} = 0 wrong identities, no 401`,
  })
  // The number: the answers themselves fill a screen each.
  expect(wrong.length).toBe(0)
  expect(unanswered).toBe(0)
  return answers
}

describe('F25: 100 users share one way to Redis', () => {
  const clients = ['createRedis', 'defaults', 'pool'] as const

  it.each(clients)(
    'F25: aborted requests and a Redis that stops again and again: nobody is taken for another (%s)',
    async (client) => {
      await withFaultApp({ client }, async (app) => {
        const users = await logIn(app, 100)
        const what = 'aborts and SIGSTOP storms, 100 users'
        const answers = await confuse(app, users, { fault: 'F25', what, client }, async () => {
          for (const ms of [50, 400, 1300, 20, 900]) {
            await delay(250)
            app.server.freeze()
            await delay(ms)
            app.server.thaw()
          }
        })
        expect(Object.keys(summarize(answers).statuses)).toEqual(['200', '503'])
      })
    },
  )

  // node-redis drops a reply it cannot read and keeps the connection: every later reply is then the one of
  // the command before.
  it.each(clients)(
    'F25: garbage between the replies of Redis: nobody is taken for another, no session is lost (%s)',
    async (client) => {
      await withFaultApp({ client }, async (app) => {
        const users = await logIn(app, 100)
        const what = 'garbage for some ms, again and again, 100 users'
        const answers = await confuse(app, users, { fault: 'F25', what, client }, async () => {
          for (let i = 0; i < 12; i++) {
            app.proxy.garbage()
            await delay(3 + i)
            app.proxy.pass()
            await delay(250)
          }
        })
        const after = await Promise.all(users.tokens.map((token) => app.me(token)))
        expect(summarize(after).statuses).toEqual({ 200: 100 })
        expect(summarize(answers).statuses).not.toHaveProperty('401')
      })
    },
  )
})
