import { WxLoginError } from '../../src/errors.js'
import type { WxPhone } from '../../src/types.js'
import {
  createPhoneFlights,
  type PhoneFlight,
  type PhoneFlights,
} from '../../src/wechat/phone-flights.js'

const phone: WxPhone = {
  phoneNumber: '13900000000',
  purePhoneNumber: '13900000000',
  countryCode: '86',
}
const failed = new WxLoginError('WX_BUSY')
const alice = { appid: 'wx1', openid: 'alice', code: 'a' }

let now: number
let flights: PhoneFlights
let ask: jest.Mock<Promise<WxPhone>, []>

beforeEach(() => {
  now = 1000
  flights = createPhoneFlights(() => now)
  ask = jest.fn(async () => phone)
})

const join = (what: Partial<typeof alice> = {}): PhoneFlight =>
  flights.join({ ...alice, ...what }, ask)

describe('posts of one phone code by one user', () => {
  test('share one paid call, at the same time and for a minute', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => join().phone))
    expect(all.every((one) => one === phone)).toBe(true)
    now += 59_999
    await expect(join().phone).resolves.toBe(phone)
    expect(ask).toHaveBeenCalledTimes(1)
    now += 1
    await join().phone
    expect(ask).toHaveBeenCalledTimes(2)
  })

  test('share a failure, and the next one asks again', async () => {
    ask.mockRejectedValueOnce(failed)
    const all = [join(), join()]
    for (const flight of all) await expect(flight.phone).rejects.toBe(failed)
    expect(ask).toHaveBeenCalledTimes(1)
    await expect(join().phone).resolves.toBe(phone)
    expect(ask).toHaveBeenCalledTimes(2)
  })

  test('share what onUser returned, and run it again only after it failed', async () => {
    const save = jest
      .fn<Promise<unknown>, []>()
      .mockRejectedValueOnce(failed)
      .mockResolvedValue('user')
    const first = [join().user(save), join().user(save)]
    for (const user of first) await expect(user).rejects.toBe(failed)
    expect(save).toHaveBeenCalledTimes(1)
    await expect(join().user(save)).resolves.toBe('user')
    await expect(join().user(save)).resolves.toBe('user')
    expect(save).toHaveBeenCalledTimes(2)
    expect(ask).toHaveBeenCalledTimes(1)
  })

  test('know which sessions have been told', () => {
    join().told.add('session 1')
    expect(join().told.has('session 1')).toBe(true)
    expect(join().told.has('session 2')).toBe(false)
  })
})

describe('another user, app or code', () => {
  test.each([
    ['user', { openid: 'bob' }],
    ['app', { appid: 'wx2' }],
    ['code', { code: 'A' }],
  ])('%s has a call of its own', async (_what, other) => {
    const mine = join()
    const theirs = join(other)
    await Promise.all([mine.phone, theirs.phone])
    expect(ask).toHaveBeenCalledTimes(2)
    expect(theirs.told).not.toBe(mine.told)
  })

  test('is another one however the parts are cut', () => {
    join({ appid: 'wx1', openid: 'al', code: 'icea' })
    join({ appid: 'wx1al', openid: 'ice', code: 'a' })
    join({ appid: 'wx1', openid: 'alice', code: 'a' })
    expect(ask).toHaveBeenCalledTimes(3)
  })
})

describe('memory', () => {
  test('is bounded: the oldest of more than ten thousand codes goes', () => {
    for (let i = 0; i < 10_500; i++) join({ code: `code ${i}` })
    ask.mockClear()
    for (let i = 10_499; i >= 1000; i--) join({ code: `code ${i}` })
    expect(ask).not.toHaveBeenCalled()
    join({ code: 'code 0' })
    expect(ask).toHaveBeenCalledTimes(1)
  })

  test('holds neither code nor openid as a key', () => {
    const set = jest.spyOn(Map.prototype, 'set')
    try {
      join({ code: 'canary-code', openid: 'canary-openid' })
      expect(set.mock.calls.length).toBeGreaterThan(0)
      for (const [key] of set.mock.calls) expect(String(key)).not.toContain('canary')
    } finally {
      set.mockRestore()
    }
  })
})

test('a minute is one of the process’ own clock, which nobody sets', async () => {
  const clock = jest.spyOn(performance, 'now').mockReturnValue(5000)
  try {
    const own = createPhoneFlights()
    own.join(alice, ask)
    clock.mockReturnValue(64_999)
    own.join(alice, ask)
    expect(ask).toHaveBeenCalledTimes(1)
    clock.mockReturnValue(65_000)
    own.join(alice, ask)
    expect(ask).toHaveBeenCalledTimes(2)
  } finally {
    clock.mockRestore()
  }
})

test('a call that fails and that nobody waits for is no unhandled rejection', async () => {
  ask.mockRejectedValue(failed)
  join()
  await new Promise(setImmediate)
})
