import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { type FaultApp, withFaultApp } from './fault-app.js'
import { noteRow } from './fault-table.js'
import { type Answer, summarize } from './load.js'
import { slack } from './under-fault.js'

// The app's own code fails, or the app ends.

const noKeys = async (app: FaultApp): Promise<void> => {
  expect(await app.admin('DBSIZE')).toBe(0)
}

describe('F21: onUser throws', () => {
  it('F21: the login is a 500 without a token, a Redis key, or the text of the error', async () => {
    const onUser = (): never => {
      throw new Error('canary: database password')
    }
    await withFaultApp({ wx: { onUser } }, async (app) => {
      const answer = await app.postLogin(app.code())
      noteRow({
        ...{ fault: 'F21', what: 'onUser throws', client: 'createRedis', asked: 'login' },
        ...{ statuses: { [answer.status]: 1 }, slowest: answer.ms },
        required: '500, no token, no key, no text',
      })
      expect(answer).toMatchObject({ status: 500, code: 'WX_USER_HOOK_FAILED' })
      expect(JSON.stringify(answer.body)).not.toContain('canary')
      expect(answer.body).not.toHaveProperty('token')
      await noKeys(app)
    })
  })
})

describe('F22: onUser is slow', () => {
  it('F22: after 5 s the login is a 503, and what the hook returns later makes nothing', async () => {
    let finish: (user: object) => void = () => undefined
    const onUser = (): Promise<object> => new Promise((resolve) => (finish = resolve))
    await withFaultApp({ wx: { onUser } }, async (app) => {
      const answer = await app.postLogin(app.code())
      finish({ id: 1 })
      await delay(100)
      noteRow({
        ...{ fault: 'F22', what: 'onUser never returns (default hookTimeout)' },
        ...{ client: 'createRedis', asked: 'login' },
        ...{ statuses: { [answer.status]: 1 }, slowest: answer.ms },
        required: '503 <= 5 s, nothing made later',
      })
      expect(answer).toMatchObject({ status: 503, code: 'WX_USER_HOOK_FAILED' })
      expect(answer.ms).toBeGreaterThan(4900)
      expect(answer.ms).toBeLessThan(5000 + slack)
      await noKeys(app)
    })
  })

  it('F22: a phone that has gone meanwhile gets no session made', async () => {
    let finish: () => void = () => undefined
    let began: () => void = () => undefined
    const running = new Promise<void>((resolve) => (began = resolve))
    const onUser = async (): Promise<object> => {
      began()
      await new Promise<void>((resolve) => (finish = resolve))
      return {}
    }
    await withFaultApp({ wx: { onUser } }, async (app) => {
      const answer = app.phone.send({
        ...{ kind: 'login', method: 'POST', path: '/wx/login', abortAfter: 300 },
        body: { code: app.code() },
      })
      await running
      const { status } = await answer
      // The server hears of it a moment later.
      await delay(200)
      finish()
      await delay(200)
      noteRow({
        ...{ fault: 'F22', what: 'phone gone while onUser runs', client: 'createRedis' },
        ...{ asked: 'login', statuses: { [status]: 1 }, required: 'no session is written' },
      })
      await noKeys(app)
    })
  })
})

describe('F24: wx.close() with 50 logins under way', () => {
  // The signal itself, on a process: test/example-app/shutdown.test.ts.
  it('F24: answers all of them, and refuses what comes later', async () => {
    await withFaultApp({}, async (app) => {
      const { sandbox, wx } = app.t
      sandbox.faults.add({ endpoint: 'jscode2session', delayMs: 500, times: 50 })
      const logins: Promise<Answer>[] = Array.from({ length: 50 }, () => app.postLogin(app.code()))
      while (sandbox.faults.list().length > 0) await delay(10)
      const began = performance.now()
      const closed = wx.close()
      const late = await app.postLogin(app.code())
      await closed
      const took = performance.now() - began
      const answers = summarize(await Promise.all(logins))
      noteRow({
        ...{ fault: 'F24', what: 'wx.close(), 50 logins under way (SIGTERM: test/example-app)' },
        ...{ client: 'createRedis', asked: 'login; login' },
        statuses: `${String(answers.statuses[200] ?? 0)}x200; ${String(late.status)}`,
        slowest: took,
        required: '50x200; 503; closed <= 5 s',
      })
      expect(answers.statuses).toEqual({ 200: 50 })
      expect(late).toMatchObject({ status: 503, code: 'WX_CLOSING' })
      expect(took).toBeLessThan(5000)
    })
  })
})
