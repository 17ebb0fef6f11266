import * as fc from 'fast-check'
import type { WxUserEvent } from '../../src/hook-types.js'
import type { WxEncryptedData } from '../../src/types.js'
import { startTestApp, type TestApp } from '../support/test-app.js'
import { bytesFor, encrypt } from '../wechat/phone.js'
import { createAttacker } from './attacker.js'

const bytesOf = (base64: string): Buffer => Buffer.from(base64, 'base64')
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const text = (value: unknown): string => JSON.stringify(value)

let t: TestApp
const events: WxUserEvent[] = []
beforeAll(async () => {
  t = await startTestApp({
    sandbox: { rateLimit: 0, rotation: 'never', seed: 'attack 40' },
    wx: {
      onUser(event) {
        events.push(event)
        return { id: 1 }
      },
    },
  })
})
afterAll(() => t?.close())

/** Data of the right shape by what is wrong with it. Alice has logged in with the key it is made for. */
function malformed(): Record<string, fc.Arbitrary<WxEncryptedData>> {
  const { appid } = t.sandbox
  const key = t.sandbox.user('alice').sessionKey()
  const others = t.sandbox.user('mallory').sessionKey()
  const watermark = (seconds = 0, of = appid): object => ({
    watermark: { appid: of, timestamp: Math.floor(Date.now() / 1000) + seconds },
  })
  const profile = { nickName: 'Alice', openId: t.sandbox.user('alice').openid() }
  const good = JSON.stringify({ ...profile, phoneNumber: '13800138000', ...watermark() })
  const iv = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(base64)
  /** Blocks of which one is changed in all its bytes, beside it the iv as it was. */
  const flipped = fc
    .tuple(fc.nat(), fc.integer({ min: 1, max: 255 }), iv)
    .map(([at, by, start]) => {
      const data = encrypt(good, key, start)
      const bytes = bytesOf(data.encryptedData)
      const from = 16 * (at % (bytes.length / 16))
      for (let i = from; i < from + 16; i++) bytes[i]! ^= by
      return { iv: start, encryptedData: bytes.toString('base64') }
    })
  const made = (text: fc.Arbitrary<string | Buffer>, by = key): fc.Arbitrary<WxEncryptedData> =>
    fc.tuple(text, iv).map(([plain, start]) => encrypt(plain, by, start))
  const object = fc.dictionary(fc.string(), fc.jsonValue())
  return {
    'random blocks': fc
      .tuple(fc.integer({ min: 1, max: 30 }), fc.infiniteStream(fc.nat(255)), iv)
      .map(([blocks, bytes, start]) => ({
        encryptedData: base64(Uint8Array.from({ length: 16 * blocks }, () => bytes.next().value)),
        iv: start,
      })),
    'another iv': iv.map((other) => ({ ...encrypt(good, key, bytesFor('iv')), iv: other })),
    'a block changed': flipped,
    'blocks cut off': fc.tuple(fc.integer({ min: 1, max: 9 }), iv).map(([blocks, start]) => ({
      encryptedData: base64(
        bytesOf(encrypt(good, key, start).encryptedData).subarray(
          0,
          16 * Math.min(blocks, Math.floor(good.length / 16)),
        ),
      ),
      iv: start,
    })),
    'another user’s key': made(fc.constant(good), others),
    'a key of nobody': fc.tuple(iv, iv).map(([by, start]) => encrypt(good, by, start)),
    'another app': made(
      fc.stringMatching(/^wx[0-9a-f]{16}$/).map((of) => text({ ...profile, ...watermark(0, of) })),
    ),
    'no watermark': made(object.filter((o) => !('watermark' in o)).map(text)),
    'a watermark that is none': made(
      fc.jsonValue().map((mark) => text({ ...profile, watermark: mark })),
    ),
    'an old watermark': made(
      fc.integer({ min: 3700, max: 10 ** 9 }).map((s) => text({ ...profile, ...watermark(-s) })),
    ),
    'one of tomorrow': made(
      fc.integer({ min: 3700, max: 10 ** 9 }).map((s) => text({ ...profile, ...watermark(s) })),
    ),
    'another user’s openId': made(
      fc
        .string()
        .filter((id) => id !== profile.openId)
        .map((openId) => text({ ...profile, openId, ...watermark() })),
    ),
    'no JSON': made(fc.integer({ min: 1, max: good.length - 1 }).map((end) => good.slice(0, end))),
    'no object': made(
      fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.array(fc.jsonValue())).map(text),
    ),
    'no UTF-8': made(
      fc.nat(good.length - 3).map((at) => {
        const bytes = Buffer.from(good)
        bytes[at + 1] = 0xff
        return bytes
      }),
    ),
    'a field of another type': made(
      fc
        .oneof(fc.boolean(), fc.integer(), fc.array(fc.string()))
        .map((nickName) => text({ ...profile, nickName, ...watermark() })),
    ),
  }
}

describe('attack 40: one answer to every decryption that fails', () => {
  test('whatever is wrong with 1 000 others, the answer is the same to the byte', async () => {
    await t.login('alice')
    await t.login('mallory')
    const attacker = createAttacker(t, 'alice')
    const seen = new Map<string, string[]>()
    events.splice(0)
    for (const [what, inputs] of Object.entries(malformed())) {
      const answers = await Promise.all(
        fc
          .sample(inputs, { numRuns: 80, seed: 40 })
          .map((data) => attacker.post('/wx/profile', data)),
      )
      for (const { all } of answers) seen.set(all, [...(seen.get(all) ?? []), what])
    }
    expect([...seen.values()].flat().length).toBeGreaterThan(1000)
    // Where it is not the same, this names the answers and the classes that differ.
    const told = [...seen].map(([all, whats]) => [all, seen.size > 1 ? [...new Set(whats)] : []])
    expect(told).toEqual([[expect.stringContaining('WX_STALE_KEY'), []]])
    expect(events.filter(({ reason }) => reason !== 'login')).toEqual([])
  })
})
