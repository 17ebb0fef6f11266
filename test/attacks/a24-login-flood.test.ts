import type { Answer } from '../example-app/spawn-app.js'
import { until } from '../support/until.js'
import { errorReply, withTestApp } from '../support/test-app.js'
import { type AttackedApp, expectRefusal, startAttackedApp } from './attacked-app.js'

/** So many logins of one address a minute. */
const limit = 300
const flood = 1000

const post = (t: AttackedApp, from?: string): Promise<Answer> =>
  t.ask('/wx/login', {
    body: { code: t.sandbox.user('flooder').login() },
    ...(from !== undefined && { headers: { 'x-forwarded-for': from } }),
  })

/** All of them, twenty at a time. */
async function postAll(t: AttackedApp, from: readonly (string | undefined)[]): Promise<Answer[]> {
  const answers: Answer[] = []
  const left = [...from]
  const lane = async (): Promise<void> => {
    for (let next = left.pop(); left.length > 0 || next !== undefined; next = left.pop())
      answers.push(await post(t, next))
  }
  await Promise.all(Array.from({ length: 20 }, lane))
  return answers
}

function expectLimited(answer: Answer): void {
  expectRefusal(answer, 429, 'WX_RATE_LIMITED', 'retry')
  const wait = Number(answer.headers.get('retry-after'))
  expect(wait).toBeGreaterThan(0)
  expect(wait).toBeLessThanOrEqual(60)
}

/** How many got in; all others were told when to come again. */
function granted(answers: Answer[]): number {
  for (const answer of answers) if (answer.status !== 200) expectLimited(answer)
  return answers.filter(({ status }) => status === 200).length
}

describe('attack 24: a flood of logins: 429 with Retry-After for each client, and WeChat is spared', () => {
  describe('without a proxy', () => {
    let t: AttackedApp
    beforeAll(async () => {
      t = await startAttackedApp({ redis: null, env: { LOGIN_RATE_LIMIT: String(limit) } })
    })
    afterAll(() => t?.close())

    test(`of ${String(flood)} logins ${String(limit)} pass, whatever X-Forwarded-For they make up`, async () => {
      const { token } = await t.login('alice')
      const forged = Array.from({ length: flood - 1 }, (_, i) =>
        [
          `198.51.${String(i >> 8)}.${String(i & 255)}`,
          `2001:db8:${i.toString(16)}::1`,
          `127.0.0.1, 10.0.${String(i >> 8)}.${String(i & 255)}`,
          'unknown',
        ].at(i % 4)!,
      )
      expect(granted(await postAll(t, forged))).toBe(limit - 1)
      expect(t.exchanges()).toBe(limit)
      // Who has a session is not concerned.
      expect(await t.me(token)).toBe(200)
      expect((await t.ask('/public')).status).toBe(200)
    }, 120_000)

    test.each([
      ['Forwarded', 'for=198.51.100.9'],
      ['X-Real-IP', '198.51.100.9'],
      ['X-Client-IP', '198.51.100.9'],
      ['True-Client-IP', '198.51.100.9'],
      ['CF-Connecting-IP', '198.51.100.9'],
    ])('nor does %s make another client of one', async (name, value) => {
      const code = t.sandbox.user('flooder').login()
      expectLimited(await t.ask('/wx/login', { body: { code }, headers: { [name]: value } }))
    })
  })

  describe('behind one proxy', () => {
    let t: AttackedApp
    beforeAll(async () => {
      t = await startAttackedApp({ redis: null, env: { LOGIN_RATE_LIMIT: '5', TRUST_PROXY: '1' } })
    })
    afterAll(() => t?.close())

    const repeat = (n: number, from: (i: number) => string): string[] =>
      Array.from({ length: n }, (_, i) => from(i))

    test('each client has its own limit', async () => {
      expect(
        granted(
          await postAll(
            t,
            repeat(20, () => '203.0.113.1'),
          ),
        ),
      ).toBe(5)
      expect(
        granted(
          await postAll(
            t,
            repeat(20, () => '203.0.113.2'),
          ),
        ),
      ).toBe(5)
    })

    test('what a client puts in front of the proxy’s entry does not count', async () => {
      const from = repeat(20, (i) => `10.1.1.${String(i)}, 2001:db8::${String(i)}, 203.0.113.3`)
      expect(granted(await postAll(t, from))).toBe(5)
    })

    test('an IPv6 client is its /64: another address of it is no other client', async () => {
      const from = repeat(40, (i) => `2001:db8:64:1:${i.toString(16)}:${(i * 977).toString(16)}::1`)
      expect(granted(await postAll(t, from))).toBe(5)
      expect(granted(await postAll(t, ['2001:db8:9999:1::1']))).toBe(1)
    })

    test('an address is the same in each of its spellings', async () => {
      const spellings = [
        '2001:db8:77:1::a',
        '2001:DB8:77:1::A',
        '2001:0db8:0077:0001:0000:0000:0000:000a',
        '2001:db8:77:1:0:0:0:a',
        '2001:db8:77:1::0.0.0.10',
      ]
      expect(granted(await postAll(t, [...spellings, ...spellings]))).toBe(5)
      const mapped = ['203.0.113.4', '::ffff:203.0.113.4', '::FFFF:203.0.113.4', '::ffff:cb00:7104']
      expect(granted(await postAll(t, [...mapped, ...mapped]))).toBe(5)
    })
  })

  test('WeChat is never asked for more than 512 codes at once; the others are told at once', async () => {
    let inFlight = 0
    let most = 0
    let open = (): void => undefined
    const gate = new Promise<void>((resolve) => (open = resolve))
    const code2Session = async ({ code }: { code: string }) => {
      inFlight += 1
      most = Math.max(most, inFlight)
      await gate
      inFlight -= 1
      return { openid: `o-${code}`, sessionKey: Buffer.alloc(16, code).toString('base64') }
    }
    await withTestApp({ wx: { wechat: { code2Session, timeout: 60_000 } } }, async ({ url }) => {
      const statuses: number[] = []
      const login = async (i: number): Promise<void> => {
        const reply = await fetch(`${url}/wx/login`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ code: `code-${String(i)}` }),
        })
        const body: unknown = await reply.json()
        statuses.push(reply.status)
        if (reply.status !== 200) expect(body).toEqual(errorReply('WX_UPSTREAM', 'login'))
      }
      const all = Array.from({ length: 600 }, (_, i) => login(i))
      await until(() => statuses.length === 600 - 512, 30_000)
      expect(new Set(statuses)).toEqual(new Set([502]))
      open()
      await Promise.all(all)
      expect(most).toBe(512)
      expect(statuses.filter((status) => status === 200)).toHaveLength(512)
    })
  })
})
