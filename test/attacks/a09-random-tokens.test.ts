import { Agent, request } from 'node:http'
import { startTestApp, type TestApp } from '../support/test-app.js'

const many = 10_000
const users = 200

let t: TestApp
let tokens: string[]
let began: number
let ended: number
// One connection each: 10 000 logins are soon done then.
const agent = new Agent({ keepAlive: true, maxSockets: 16 })

function logIn(name: string): Promise<string> {
  const body = JSON.stringify({ code: t.sandbox.user(name).login() })
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length }
    const req = request(`${t.url}/wx/login`, { method: 'POST', agent, headers }, (res) => {
      let text = ''
      res.on('data', (chunk: Buffer) => (text += chunk.toString()))
      res.on('end', () => resolve((JSON.parse(text) as { token: string }).token))
    })
    req.on('error', reject)
    req.end(body)
  })
}

beforeAll(async () => {
  t = await startTestApp()
  tokens = []
  began = Math.floor(Date.now() / 1000)
  const lane = async (first: number): Promise<void> => {
    for (let i = first; i < many; i += 16) tokens.push(await logIn(`user-${String(i % users)}`))
  }
  await Promise.all(Array.from({ length: 16 }, (_, i) => lane(i)))
  ended = Math.ceil(Date.now() / 1000)
}, 180_000)
afterAll(async () => {
  agent.destroy()
  await t?.close()
})

// What may deviate by chance does so in fewer than one run of a hundred million.
describe('attack 9: predicting a token: of 10 000 none comes twice, all bits are random, nothing is in them', () => {
  const idOf = (token: string): string => token.slice(0, 32)
  const bytesOf = (token: string): Buffer => Buffer.from(idOf(token), 'base64url')
  const bitOf = (bytes: Buffer, bit: number): number => (bytes[bit >> 3]! >> (bit & 7)) & 1
  // Seven standard deviations.
  const fair = { least: many / 2 - 350, most: many / 2 + 350 }

  function expectFair(ones: readonly number[]): void {
    expect(Math.min(...ones)).toBeGreaterThan(fair.least)
    expect(Math.max(...ones)).toBeLessThan(fair.most)
  }

  test('no token and no id comes twice', () => {
    expect(tokens).toHaveLength(many)
    expect(new Set(tokens).size).toBe(many)
    expect(new Set(tokens.map(idOf)).size).toBe(many)
  })

  test('an id has 192 bits, each of them as often 1 as 0', () => {
    const bytes = tokens.map(bytesOf)
    expect(new Set(bytes.map((b) => b.length))).toEqual(new Set([24]))
    const ones = Array.from({ length: 192 }, (_, bit) =>
      bytes.reduce((sum, b) => sum + bitOf(b, bit), 0),
    )
    expectFair(ones)
  })

  test('no bit says anything of the next one, nor of the same one in the next token', () => {
    const bytes = tokens.map(bytesOf)
    const differsFromNext = Array.from({ length: 191 }, (_, bit) =>
      bytes.reduce((sum, b) => sum + (bitOf(b, bit) ^ bitOf(b, bit + 1)), 0),
    )
    expectFair(differsFromNext)
    const differsFromLast = Array.from({ length: 192 }, (_, bit) =>
      bytes.reduce((sum, b, i) => sum + (bitOf(b, bit) ^ bitOf(bytes.at(i - 1)!, bit)), 0),
    )
    expectFair(differsFromLast)
  })

  test('every character stands in every place as often as every other', () => {
    for (let place = 0; place < 32; place++) {
      const counts = new Map<string, number>()
      for (const token of tokens) counts.set(token[place]!, (counts.get(token[place]!) ?? 0) + 1)
      expect(counts.size).toBe(64)
      const expected = many / 64
      const chiSquare = [...counts.values()].reduce(
        (sum, n) => sum + (n - expected) ** 2 / expected,
        0,
      )
      // 63 degrees of freedom: 63 on average, with a standard deviation of 11.
      expect(chiSquare).toBeLessThan(170)
    }
  })

  test('no two have a beginning in common that chance does not explain, and they come in no order', () => {
    const sorted = tokens.map(idOf).toSorted()
    const common = (a: string, b: string): number => {
      let n = 0
      while (a[n] === b[n]) n += 1
      return n
    }
    const longest = Math.max(...sorted.slice(1).map((id, i) => common(sorted[i]!, id)))
    expect(longest).toBeLessThan(10)
    const rising = tokens.filter((token, i) => i > 0 && token > tokens[i - 1]!).length
    expect(rising).toBeGreaterThan(fair.least)
    expect(rising).toBeLessThan(fair.most)
  })

  test('no piece of an openid, an appid or a session key is in any', () => {
    const pieces = new Set<string>()
    const size = 8
    for (let i = 0; i < users; i++) {
      const user = t.sandbox.user(`user-${String(i)}`)
      const bytes = Buffer.from(user.sessionKey(), 'base64')
      const texts = [user.openid(), t.sandbox.appid, `user-${String(i)}-`]
      texts.push(bytes.toString('base64url'), bytes.toString('hex'))
      texts.push(
        ...[user.openid(), t.sandbox.appid].map((s) => Buffer.from(s).toString('base64url')),
      )
      for (const text of texts)
        for (let from = 0; from + size <= text.length; from++)
          pieces.add(text.slice(from, from + size))
    }
    expect(pieces.size).toBeGreaterThan(1000)
    const found = tokens.filter((token) =>
      Array.from({ length: token.length - size + 1 }, (_, i) => token.slice(i, i + size)).some(
        (s) => pieces.has(s),
      ),
    )
    expect(found).toEqual([])
  })

  test('nor the time of the login, in figures or in bytes', () => {
    const times = Array.from({ length: ended - began + 1 }, (_, i) => began + i)
    const written = times.flatMap((s) => [String(s), s.toString(16), s.toString(36)])
    expect(tokens.filter((token) => written.some((s) => token.includes(s)))).toEqual([])
    const inBytes = tokens.filter((token) => {
      const bytes = bytesOf(token)
      return Array.from({ length: 21 }, (_, at) => [bytes.readUInt32BE(at), bytes.readUInt32LE(at)])
        .flat()
        .some((n) => n >= began && n <= ended)
    })
    // By chance one in 10 000 tokens each couple of hundred runs.
    expect(inBytes.length).toBeLessThan(4)
  })
})
