import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import {
  attackedSecret,
  type MonitoredApp,
  expectLoginWanted,
  startMonitoredApp,
} from './attacked-app.js'
import { type RawAnswer, rawRequest } from './raw-request.js'

let t: MonitoredApp
let token: string
beforeAll(async () => {
  t = await startMonitoredApp()
  ;({ token } = await t.login('alice'))
})
afterAll(() => t?.close())

const sign = (sid: string, secret: string): string =>
  `${sid}.${createHmac('sha256', secret).update(sid).digest('base64url')}`

describe('attack 4: a forged or unsigned token: 401 and no Redis command', () => {
  const sid = (): string => token.slice(0, 32)
  const forged: [string, () => string][] = [
    ['the id of a live session alone', sid],
    ['the id with an empty signature', () => `${sid()}.`],
    ['the id under a signature of nothing', () => `${sid()}.${'A'.repeat(43)}`],
    [
      'the id signed with another secret',
      () => sign(sid(), 'another secret, as long as it has to be'),
    ],
    ['the id signed with the empty secret', () => sign(sid(), '')],
    [
      'the id with the signature of another id',
      () => `${sid()}.${sign('A'.repeat(32), attackedSecret).slice(33)}`,
    ],
    ['the signature of a live session under another id', () => 'A'.repeat(32) + token.slice(32)],
    ['the form of a cookie', () => `s:${token}`],
    ['a JWT that says alg none', () => 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.'],
    ['a word', () => 'undefined'],
  ]

  test('a good token costs a command, so that the monitor does hear', async () => {
    const commands = await t.monitor.during(async () => expect(await t.me(token)).toBe(200))
    expect(commands.join()).toContain(`"wx:sess:${sid()}"`)
  })

  test.each(forged)('%s', async (_what, make) => {
    const commands = await t.monitor.during(async () => {
      expectLoginWanted(await t.ask('/me', { token: make() }))
      expectLoginWanted(await t.ask('/wx/session', { token: make() }))
      expect((await t.ask('/wx/logout', { method: 'POST', token: make() })).status).toBe(204)
      expect((await t.ask('/public', { token: make() })).status).toBe(200)
    })
    expect(commands).toEqual([])
    expect(await t.me(token)).toBe(200)
  })
})

describe('attack 5: a token changed in one character, in case, padding or encoding: 401', () => {
  const base64url = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

  const answerTo = (authorization: string): Promise<RawAnswer> =>
    rawRequest(t.url, { headers: [['Authorization', authorization]] })

  async function refused(changed: string): Promise<void> {
    expectLoginWanted(await answerTo(`Bearer ${changed}`))
  }

  test('any other character of the alphabet or of the keyboard, in any place', async () => {
    const places = [...token].map((_character, place) => place)
    const commands = await t.monitor.during(async () => {
      // Every place at least once, and what to put there by chance.
      for (const place of places) {
        await fc.assert(
          fc.asyncProperty(
            fc.oneof(
              fc.constantFrom(...base64url),
              fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
            ),
            async (character) => {
              fc.pre(character !== token[place])
              await refused(token.slice(0, place) + character + token.slice(place + 1))
            },
          ),
          { numRuns: 8 },
        )
      }
    })
    expect(commands).toEqual([])
  })

  test('the last character in each of its spellings: base64 leaves two of its bits unused', async () => {
    for (const character of base64url) {
      if (character !== token.at(-1)) await refused(token.slice(0, -1) + character)
    }
  })

  test('one character less or more, in any place', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(token.length - 1),
        fc.constantFrom(...base64url, '=', '.', '%', ';'),
        fc.boolean(),
        (place, character, insert) =>
          refused(
            token.slice(0, place) +
              (insert ? character : '') +
              token.slice(place + (insert ? 0 : 1)),
          ),
      ),
      { numRuns: 200 },
    )
  })

  test('the case of any one letter, and of all', async () => {
    const flip = (s: string): string => (s === s.toUpperCase() ? s.toLowerCase() : s.toUpperCase())
    for (let place = 0; place < token.length; place++) {
      const changed = token.slice(0, place) + flip(token[place]!) + token.slice(place + 1)
      if (changed !== token) await refused(changed)
    }
    await refused(token.toUpperCase())
    await refused(token.toLowerCase())
  })

  test.each<[string, (token: string) => string]>([
    ['=', (s) => `${s}=`],
    ['==', (s) => `${s}==`],
    ['quotes', (s) => `"${s}"`],
    [
      'percent-encoding of its first character',
      (s) => `%${s.charCodeAt(0).toString(16)}${s.slice(1)}`,
    ],
    ['percent-encoding of its dot', (s) => s.replace('.', '%2E')],
    [
      'the alphabet of plain base64',
      (s) => `${s.slice(0, 33)}${s.slice(33).replaceAll('-', '+').replaceAll('_', '/')}=`,
    ],
    ['itself once more', (s) => s + s],
    ['itself once more, apart', (s) => `${s} ${s}`],
    ['its halves the other way round', (s) => s.split('.').toReversed().join('.')],
    ['a dot', (s) => `${s}.`],
    ['NUL in percent-encoding', (s) => `${s}%00`],
    ['a byte that is no character', (s) => `${s}\xff`],
  ])('with %s', async (_what, change) => {
    await refused(change(token))
  })

  test('and the token itself is as good as before', async () => {
    expect(await t.me(token)).toBe(200)
  })
})
