import { WxLoginError } from '../../src/errors.js'
import { type Breaker, createBreaker } from '../../src/wechat/breaker.js'
import { outageError, upstreamError } from '../../src/wechat/http.js'
import { listen } from '../support/listen.js'
import { startTestApp } from '../support/test-app.js'

const outage = outageError('WeChat did not answer in time', 504)
const away = (): Promise<never> => Promise.reject(outage)
const there = async (): Promise<string> => 'session'
const refused = { code: 'WX_UPSTREAM', status: 502, retryAfter: 2 }
const notAsked = expect.objectContaining({
  ...refused,
  reason: 'WeChat was away ten times in a row; not asked',
}) as Error

let breaker: Breaker
beforeEach(() => {
  jest.useFakeTimers({ now: 1_800_000_000_000, doNotFake: ['nextTick', 'setImmediate'] })
  breaker = createBreaker()
})
afterEach(() => {
  jest.useRealTimers()
})

/** So many outages, one after the other. */
async function fail(times: number): Promise<void> {
  for (let i = 0; i < times; i++) await expect(breaker(away)).rejects.toBe(outage)
}
/** An exchange that ends when it is told to. */
function pending(): { exchange: jest.Mock<Promise<string>>; end: (outcome: unknown) => void } {
  let end: (outcome: unknown) => void = () => undefined
  const work = new Promise<string>((resolve, reject) => {
    end = (outcome) => {
      if (outcome instanceof Error) reject(outcome)
      else resolve(String(outcome))
    }
  })
  return { exchange: jest.fn(() => work), end: (outcome) => end(outcome) }
}

test('an exchange is answered as it ends', async () => {
  await expect(breaker(there)).resolves.toBe('session')
  const refusal = new WxLoginError('WX_CODE_INVALID')
  await expect(breaker(() => Promise.reject(refusal))).rejects.toBe(refusal)
})

describe('ten outages in a row', () => {
  test('end the asking: the next are refused at once, and told when to come again', async () => {
    await fail(10)
    const exchange = jest.fn(there)
    await expect(breaker(exchange)).rejects.toEqual(notAsked)
    expect(exchange).not.toHaveBeenCalled()
  })

  test('are not nine', async () => {
    await fail(9)
    await expect(breaker(there)).resolves.toBe('session')
    await fail(9)
    await expect(breaker(there)).resolves.toBe('session')
  })

  test.each<[string, Error]>([
    ['a code WeChat does not know', new WxLoginError('WX_CODE_INVALID')],
    ['a busy WeChat', new WxLoginError('WX_BUSY')],
    ['an answer that makes no sense', upstreamError('WeChat answered something that is no JSON')],
    ['HTTP 403', upstreamError('WeChat answered HTTP 403')],
    ['an error of the app’s own exchange', new Error('bug')],
  ])('are not in a row with this between them: %s', async (_, error) => {
    for (let round = 0; round < 3; round++) {
      await fail(9)
      await expect(breaker(() => Promise.reject(error))).rejects.toBe(error)
    }
    await expect(breaker(there)).resolves.toBe('session')
  })

  test('may have run at the same time', async () => {
    await Promise.allSettled(Array.from({ length: 10 }, () => breaker(away)))
    await expect(breaker(there)).rejects.toEqual(notAsked)
  })
})

describe('every two seconds', () => {
  beforeEach(() => fail(10))

  test('and not before one exchange tries', async () => {
    jest.advanceTimersByTime(1999)
    await expect(breaker(there)).rejects.toEqual(notAsked)
    jest.advanceTimersByTime(1)
    await expect(breaker(there)).resolves.toBe('session')
  })

  test('only one of them: the others do not wait for it', async () => {
    jest.advanceTimersByTime(2000)
    const trying = pending()
    const first = breaker(trying.exchange)
    const others = jest.fn(there)
    for (let i = 0; i < 100; i++) {
      await expect(breaker(others)).rejects.toMatchObject({
        ...refused,
        reason: 'WeChat is away; being tried again',
      })
    }
    expect([trying.exchange.mock.calls.length, others.mock.calls.length]).toEqual([1, 0])
    trying.end('session')
    await expect(first).resolves.toBe('session')
    await expect(breaker(others)).resolves.toBe('session')
  })

  test('that fails means two more', async () => {
    for (let i = 0; i < 3; i++) {
      jest.advanceTimersByTime(2000)
      await expect(breaker(away)).rejects.toBe(outage)
      await expect(breaker(there)).rejects.toEqual(notAsked)
    }
  })

  test('that hears a no has found WeChat: all are let through, ten outages to go', async () => {
    jest.advanceTimersByTime(2000)
    const no = new WxLoginError('WX_CODE_INVALID')
    await expect(breaker(() => Promise.reject(no))).rejects.toBe(no)
    await fail(9)
    await expect(breaker(there)).resolves.toBe('session')
  })
})

test('no more than 512 run at once; the next are refused, until one has ended', async () => {
  const slow = pending()
  const running = Array.from({ length: 512 }, () => breaker(slow.exchange))
  const exchange = jest.fn(there)
  await expect(breaker(exchange)).rejects.toMatchObject({
    ...refused,
    reason: 'too many exchanges at once; WeChat not asked',
  })
  expect(exchange).not.toHaveBeenCalled()
  slow.end('session')
  await Promise.all(running)
  await expect(breaker(exchange)).resolves.toBe('session')
})

test.each([
  ['logins', undefined, 'login'],
  ['the API', 'api', 'api'],
] as const)(
  'who listens is told once that WeChat is away for %s, and once that it is back',
  async (_, of, told) => {
    breaker = createBreaker(of)
    const ear = listen()
    try {
      await fail(9)
      expect(ear.of('wechat:outage:begin')).toEqual([])
      await fail(1)
      expect(ear.of('wechat:outage:begin')).toEqual([{ of: told }])
      jest.advanceTimersByTime(2000)
      await expect(breaker(away)).rejects.toBe(outage)
      expect(ear.of('wechat:outage:end')).toEqual([])
      jest.advanceTimersByTime(2000)
      await breaker(there)
      expect(ear.of('wechat:outage:begin')).toHaveLength(1)
      expect(ear.of('wechat:outage:end')).toEqual([
        { of: told, durationMs: expect.any(Number) as number },
      ])
    } finally {
      ear.stop()
    }
  },
)

test('a login behind a WeChat that is away is refused at once, with Retry-After', async () => {
  jest.useRealTimers()
  const asked = jest.fn((): Promise<Response> => Promise.reject(new TypeError('fetch failed')))
  const t = await startTestApp({ wx: { wechat: { fetch: asked } } })
  try {
    const codes = Array.from({ length: 11 }, (_, i) => `code${String(i)}`)
    for (const code of codes.slice(1)) {
      const reply = await t.post('/wx/login', { code })
      expect([reply.status, reply.headers['retry-after']]).toEqual([502, undefined])
    }
    const before = asked.mock.calls.length
    const reply = await t.post('/wx/login', { code: codes[0] })
    expect([reply.status, reply.headers['retry-after']]).toEqual([502, '2'])
    expect(reply.body).toMatchObject({ error: { code: 'WX_UPSTREAM', action: 'login' } })
    expect(asked).toHaveBeenCalledTimes(before)
  } finally {
    await t.close()
  }
})
