import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { type FaultApp, withEachClient, withFaultApp } from './fault-app.js'
import type { ClientName } from './fault-clients.js'
import { noteRow } from './fault-table.js'
import { startLoad } from './load.js'
import { slack, underFault } from './under-fault.js'

// Redis is not there: connections are refused or break. What every client sees at once; the question is what
// the phone gets, and how soon all is well again.

/** Sessions that a killed Redis finds again. */
const durable = { args: ['--appendonly', 'yes', '--appendfsync', 'always'] }

/** Half of the store's deadline: who answers sooner did not wait for Redis. */
const atOnce = 500

const clients: ClientName[] = ['createRedis', 'defaults', 'pool']

describe('with each kind of client', () => {
  it('F1: the app starts without Redis, refuses logins before their code is spent, and serves once Redis is there', async () => {
    await withEachClient(clients, { running: false }, async (app, client) => {
      const code = app.code()
      const refused = await app.postLogin(code)
      const open = await app.phone.send({ kind: 'public', path: '/public' })
      const load = startLoad(app.phone, {
        rate: 20,
        makeRequest: () => ({
          ...{ kind: 'login', method: 'POST', path: '/wx/login', body: { code: app.code() } },
        }),
      })
      await delay(1500)
      const spent = app.t.exchanges()
      await app.server.restart()
      const up = performance.now()
      await delay(2500)
      const { statuses, slowest, lastBadAt = up, unanswered } = await load.stop()
      const recovery = Math.max(0, lastBadAt - up)
      noteRow({
        ...{ fault: 'F1', what: 'Redis down when the app starts', client, asked: 'login' },
        ...{ statuses, slowest, recovery },
        required: `503 <= 0.1 s, ${String(spent)} = 0 codes spent, ok <= 1 s`,
      })
      expect(open.status).toBe(200)
      expect(refused).toMatchObject({ status: 503, code: 'WX_STORE_UNAVAILABLE' })
      expect(spent).toBe(0)
      expect(unanswered).toBe(0)
      expect(Object.keys(statuses)).toEqual(['200', '503'])
      expect(slowest).toBeLessThan(100 + slack)
      expect(recovery).toBeLessThan(1000 + slack)
      // The code that was refused is as good as ever.
      expect(await app.postLogin(code)).toMatchObject({ status: 200 })
    })
  })

  it('F2: what is under way when Redis is killed is answered then, what comes later at once', async () => {
    await withEachClient(clients, { server: durable }, async (app, client) => {
      const token = await app.login()
      // Stopped first, so that requests wait for it when it is killed.
      app.server.freeze()
      const waiting = [app.me(token), app.postLogin(app.code()), app.me(token)]
      await delay(200)
      const killedAt = performance.now()
      app.server.kill()
      const answers = await Promise.all(waiting)
      const after = Math.max(...answers.map(({ at, ms }) => at + ms - killedAt))
      noteRow({
        ...{ fault: 'F2', what: 'killed while requests wait for it', client },
        ...{ asked: 'me, login', statuses: { 503: answers.length }, slowest: after },
        required: '503 <= 0.1 s after the reset',
      })
      expect(answers.map(({ status }) => status)).toEqual([503, 503, 503])
      expect(after).toBeLessThan(100 + slack)
      await app.server.restart()
      const { typical } = await underFault(await warmed(app), {
        fault: 'F2',
        what: 'killed under load, back with its data',
        client,
        breakIt: app.server.kill,
        during: 1500,
        heal: app.server.restart,
      })
      expect(typical('me')).toBeLessThan(atOnce)
      expect(typical('login')).toBeLessThan(atOnce)
    })
  })

  it('F3: a Redis that comes back empty makes a 401 only once it has answered', async () => {
    await withEachClient(clients, {}, async (app, client) => {
      const outcome = await underFault(app, {
        fault: 'F3',
        what: 'killed, back without data',
        client,
        breakIt: app.server.kill,
        during: 1000,
        heal: app.server.restart,
        refusals: { me: [401, 503] },
        losesSessions: true,
      })
      const gone = outcome.of('me').filter(({ status }) => status === 401)
      expect(gone.length).toBeGreaterThan(0)
      expect(gone[0]).toMatchObject({ code: 'WX_SESSION_REQUIRED' })
      // Nobody can have asked it before it was ready.
      expect(outcome.during('me').filter(({ status }) => status === 401)).toEqual([])
    })
  })
})

/** Waits for the first login that works again. */
async function warmed(app: FaultApp): Promise<FaultApp> {
  const deadline = performance.now() + 5000
  while ((await app.postLogin(app.code())).status !== 200) {
    if (performance.now() > deadline) throw new Error('no login works after the restart')
    await delay(50)
  }
  return app
}

describe('F20: Redis goes after WeChat has taken the code', () => {
  it.each(['kill', 'freeze'] as const)(
    'the login is a 503 (%s), and the same code completes within a minute without asking WeChat again',
    async (how) => {
      let app: FaultApp | undefined
      // The hook runs between the exchange and the session.
      let armed = true
      const onUser = (): object => {
        if (armed) app!.server[how]()
        armed = false
        return { id: 1 }
      }
      await withFaultApp({ wx: { onUser } }, async (started) => {
        app = started
        const code = app.code()
        const refused = await app.postLogin(code)
        const spent = app.t.exchanges()
        await (how === 'kill' ? app.server.restart() : app.server.thaw())
        await delay(1000)
        const again = await app.postLogin(code)
        noteRow({
          fault: 'F20',
          what: `Redis goes after the exchange (${how === 'kill' ? 'SIGKILL' : 'SIGSTOP'})`,
          client: 'createRedis',
          asked: 'login, again',
          statuses: `${String(refused.status)}, then ${String(again.status)}`,
          slowest: refused.ms,
          required: `503 <= 1.5 s; then 200, ${String(app.t.exchanges() - spent)} = 0 more exchanges`,
        })
        expect(refused).toMatchObject({ status: 503, code: 'WX_STORE_UNAVAILABLE' })
        expect(refused.body).toMatchObject({ error: { action: 'retry' } })
        expect(refused.ms).toBeLessThan(1500 + slack)
        expect(again.status).toBe(200)
        expect(app.t.exchanges()).toBe(spent)
        expect((await app.me(String(again.body['token']))).status).toBe(200)
      })
    },
  )
})
