import { createDecipheriv } from 'node:crypto'
import type { WxUserEvent } from '../../src/hook-types.js'
import { decryptData, WxLoginError } from '../../src/index.js'
import type { WxEncryptedData } from '../../src/types.js'
import { errorReply, startTestApp, type TestApp } from '../support/test-app.js'
import { bytesFor } from '../wechat/phone.js'
import { budget, createAttacker, postSeen } from './attacker.js'
import { decryptNaively, forge, type PaddingOracle, Untold } from './cbc.js'

const bytesOf = (base64: string): Buffer => Buffer.from(base64, 'base64')
const questions = 20_000

let t: TestApp
const events: WxUserEvent[] = []
beforeAll(async () => {
  t = await startTestApp({
    // The best that a forger can have: one key for ever, and nobody who counts logins.
    sandbox: { rateLimit: 0, rotation: 'never', seed: 'attack 40', journalSize: 10 },
    wx: {
      onUser(event) {
        events.push(event)
        return { id: 1 }
      },
    },
  })
})
afterAll(() => t?.close())

/** What the forger wants the server to believe. */
const wanted = (appid: string): string =>
  JSON.stringify({
    phoneNumber: '13800138000',
    purePhoneNumber: '13800138000',
    countryCode: '86',
    watermark: { timestamp: Math.floor(Date.now() / 1000), appid },
  })

/** A server that says whether it was the padding or the JSON: two answers. */
function naiveOracle(sessionKey: string): { ask: PaddingOracle; asked: () => number } {
  let asked = 0
  const isPadded = ({ encryptedData, iv }: WxEncryptedData): boolean => {
    asked++
    const decipher = createDecipheriv('aes-128-cbc', bytesOf(sessionKey), bytesOf(iv))
    try {
      decipher.update(bytesOf(encryptedData))
      decipher.final()
      return true
    } catch {
      return false
    }
  }
  return { ask: (data) => data.map(isPadded), asked: () => asked }
}

/** Takes every answer that is not the most common one for the sign of a good padding. */
function anyDifference(answers: (data: WxEncryptedData[]) => Promise<string[]> | string[]): {
  ask: PaddingOracle
  asked: () => number
  distinct: () => Set<string>
} {
  const counts = new Map<string, number>()
  let asked = 0
  return {
    asked: () => asked,
    distinct: () => new Set(counts.keys()),
    async ask(data) {
      asked += data.length
      const told = await answers(data)
      for (const answer of told) counts.set(answer, (counts.get(answer) ?? 0) + 1)
      const [[common] = ['']] = [...counts].toSorted(([, a], [, b]) => b - a)
      return told.map((answer) => answer !== common)
    },
  }
}

/** Goes on with other blocks until all the questions are asked. @returns what was forged, which is nothing */
async function forgeUntil(
  oracle: ReturnType<typeof anyDifference>,
  appid: string,
): Promise<WxEncryptedData[]> {
  const forged: WxEncryptedData[] = []
  for (let block = 0; oracle.asked() < questions; block++) {
    try {
      const last = bytesOf(bytesFor(`the last block ${String(block)}`))
      forged.push(await forge(wanted(appid), oracle.ask, last))
    } catch (error) {
      if (!(error instanceof Untold)) throw error
    }
  }
  return forged
}

describe('attack 40: a padding oracle: one answer to all data that cannot be decrypted, and 20 of them a minute', () => {
  test('where padding and JSON are told apart, the forger makes any phone number without the key', async () => {
    const sessionKey = bytesFor('the key of a naive server')
    const { ask, asked } = naiveOracle(sessionKey)
    const forged = await forge(wanted(t.sandbox.appid), ask, bytesOf(bytesFor('the last block')))
    expect(decryptNaively(forged, sessionKey)).toMatchObject({ phoneNumber: '13800138000' })
    // Our own function takes it as well: what is made so cannot be told from what WeChat makes.
    expect(decryptData({ ...forged, sessionKey, appid: t.sandbox.appid })).toMatchObject({
      phoneNumber: '13800138000',
    })
    expect(asked()).toBeLessThan(60_000)
  })

  test('decryptData tells it nothing in 20 000 questions', async () => {
    const sessionKey = bytesFor('the key of a careful server')
    const reasons = new Set<unknown>()
    const oracle = anyDifference((data) =>
      data.map((d) => {
        try {
          return JSON.stringify(decryptData({ ...d, sessionKey }))
        } catch (error) {
          if (!WxLoginError.is(error)) throw error
          const { name, message, code, status, action, retryAfter, expose, cause } = error
          reasons.add(error.reason)
          return JSON.stringify([
            ...[error.toJSON(), String(error), name, message, code, status, action, retryAfter],
            ...[expose, String(cause), Object.keys(error)],
          ])
        }
      }),
    )
    expect(await forgeUntil(oracle, t.sandbox.appid)).toEqual([])
    expect(oracle.distinct().size).toBe(1)
    // The operator is told which it was, so that there was something to tell.
    expect(reasons).toContain('encryptedData: padding')
    expect(reasons).toContain('encryptedData: encoding')
  })

  test('over HTTP it is told nothing in 20 000 questions either', async () => {
    await t.login('alice')
    events.splice(0)
    const forger = createAttacker(t, 'alice')
    const oracle = anyDifference(async (data) => {
      const answers: string[] = []
      for (let at = 0; at < data.length; at += 32) {
        const some = await Promise.all(
          data.slice(at, at + 32).map((d) => forger.post('/wx/phone', d)),
        )
        answers.push(...some.map(({ all }) => all))
      }
      return answers
    })
    expect(await forgeUntil(oracle, t.sandbox.appid)).toEqual([])
    expect([...oracle.distinct()]).toEqual([expect.stringContaining('WX_STALE_KEY')])
    expect(forger.sessions).toBeGreaterThanOrEqual(questions / budget)
    expect(events.filter(({ reason }) => reason === 'phone')).toEqual([])
  }, 300_000)

  test('the 21st refusal in a minute on one session is 429, and good data is not even tried then', async () => {
    const { token } = await t.login('bob')
    const bad = (): object => t.sandbox.user('bob').userInfo({ variant: 'wrong-key' })
    const statuses: number[] = []
    for (let i = 0; i < budget + 1; i++) {
      statuses.push((await postSeen(`${t.url}/wx/profile`, token, bad())).status)
    }
    expect(statuses).toEqual([...Array.from({ length: budget }, () => 409), 429])
    const reply = await t.post('/wx/profile', t.sandbox.user('bob').userInfo(), token)
    expect([reply.status, reply.body]).toEqual([429, errorReply('WX_RATE_LIMITED', 'retry')])
    expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0)
    // The session itself lives on, and so does the user's next one.
    await t.get('/me', token).expect(200)
    const again = await t.login('bob')
    await t.post('/wx/profile', t.sandbox.user('bob').userInfo(), again.token).expect(200)
  })

  test('a storm of them at once gets no more than the budget and what was under way', async () => {
    const { token } = await t.login('carol')
    const bad = t.sandbox.user('carol').userInfo({ variant: 'wrong-key' })
    const storm = async (): Promise<number[]> =>
      (
        await Promise.all(
          Array.from({ length: 50 }, () => postSeen(`${t.url}/wx/profile`, token, bad)),
        )
      ).map(({ status }) => status)
    for (const status of await storm()) expect([409, 429]).toContain(status)
    expect(new Set(await storm())).toEqual(new Set([429]))
  })
})
