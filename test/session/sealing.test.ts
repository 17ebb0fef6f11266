import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { createSealer } from '../../src/session/sealing.js'

const secret = 'a secret of thirty-two characters'
const older = 'an older secret of 32+ characters'
const sealer = createSealer([secret])
const alice = { appid: 'wx1111111111111111', openid: 'oAlice' }
const sessionKey = 'c2Vzc2lvbiBrZXkgIDE2Yg=='

const keys = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString('base64'))
const users = fc.record({
  appid: fc.stringMatching(/^[\w-]{1,64}$/),
  openid: fc.string({ minLength: 1 }),
})

const bytesOf = (sealed: string): Buffer => Buffer.from(sealed.slice('v1.'.length), 'base64url')
const textOf = (bytes: Buffer): string => `v1.${bytes.toString('base64url')}`

test('what was sealed opens for the same user', () => {
  fc.assert(
    fc.property(keys, users, (key, user) => sealer.open(sealer.seal(key, user), user) === key),
    { numRuns: 1000 },
  )
})

// Sessions outlive the version of this package that made them.
test('what an earlier version of this package sealed still opens', () => {
  const sealed = 'v1.AuoKJJID5Udyb0qfWuJQlB0B48wUc9kpr8TXEYmXg1dk_B2XKklFX68lZLB3EVCDAzS-UQ'
  expect(sealer.open(sealed, alice)).toBe(sessionKey)
})

test('what a later version sealed in another way is left closed', () => {
  const sealed = sealer.seal(sessionKey, alice)
  expect(sealer.open(sealed.replace('v1.', 'v2.'), alice)).toBeNull()
})

test('there is no key to open where none was sealed', () => {
  expect(sealer.open(sealer.seal('', alice), alice)).toBeNull()
})

test('another unionid is still the same user', () => {
  const sealed = sealer.seal(sessionKey, alice)
  expect(sealer.open(sealed, { ...alice, unionid: 'u' })).toBe(sessionKey)
})

test('sealing twice gives two texts, neither of which shows the key', () => {
  const texts = Array.from({ length: 200 }, () => sealer.seal(sessionKey, alice))
  expect(new Set(texts).size).toBe(texts.length)
  // A nonce used twice would break AES-GCM.
  expect(new Set(texts.map((text) => bytesOf(text).toString('hex', 0, 12))).size).toBe(texts.length)
  for (const text of texts) {
    expect(text).toMatch(/^v1\.[\w-]+$/)
    expect(text).not.toContain(sessionKey)
    expect(bytesOf(text).includes(Buffer.from(sessionKey))).toBe(false)
    expect(bytesOf(text).includes(Buffer.from(sessionKey, 'base64'))).toBe(false)
  }
})

test('no flipped bit goes unnoticed', () => {
  const bytes = bytesOf(sealer.seal(sessionKey, alice))
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7)
    expect([bit, sealer.open(textOf(bytes), alice)]).toEqual([bit, null])
    bytes[bit >> 3]! ^= 1 << (bit & 7)
  }
  expect(sealer.open(textOf(bytes), alice)).toBe(sessionKey)
})

test('nothing cut or added goes unnoticed', () => {
  const bytes = bytesOf(sealer.seal(sessionKey, alice))
  for (let length = 0; length < bytes.length; length++) {
    expect(sealer.open(textOf(bytes.subarray(0, length)), alice)).toBeNull()
    expect(sealer.open(textOf(bytes.subarray(bytes.length - length)), alice)).toBeNull()
  }
  expect(sealer.open(textOf(Buffer.concat([bytes, Buffer.alloc(1)])), alice)).toBeNull()
  expect(sealer.open(textOf(Buffer.concat([Buffer.alloc(1), bytes])), alice)).toBeNull()
})

test('parts of two sealed keys make no third', () => {
  const [one, two] = [
    bytesOf(sealer.seal(sessionKey, alice)),
    bytesOf(sealer.seal(sessionKey, alice)),
  ]
  for (const at of [12, one.length - 16]) {
    const mixed = Buffer.concat([one.subarray(0, at), two.subarray(at)])
    expect(sealer.open(textOf(mixed), alice)).toBeNull()
  }
})

describe('moved to another user', () => {
  test('a sealed key does not open', () => {
    fc.assert(
      fc.property(users, users, (one, other) => {
        fc.pre(one.appid !== other.appid || one.openid !== other.openid)
        return sealer.open(sealer.seal(sessionKey, one), other) === null
      }),
      { numRuns: 1000 },
    )
  })

  test.each([
    { ...alice, openid: 'oBob' },
    { ...alice, openid: 'oalice' },
    { ...alice, openid: '' },
    { ...alice, appid: 'wx2222222222222222' },
    { appid: alice.openid, openid: alice.appid },
  ])('it does not open: %j', (other) => {
    expect(sealer.open(sealer.seal(sessionKey, alice), other)).toBeNull()
  })
})

describe('secrets', () => {
  test('of another server open nothing', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (other) => {
        fc.pre(other !== secret)
        return createSealer([other]).open(sealer.seal(sessionKey, alice), alice) === null
      }),
      { numRuns: 300 },
    )
  })

  test('rotate: all of them open, the first one seals', () => {
    const rotated = createSealer([secret, older])
    const before = createSealer([older]).seal(sessionKey, alice)
    expect(rotated.open(before, alice)).toBe(sessionKey)
    expect(rotated.open(sealer.seal(sessionKey, alice), alice)).toBe(sessionKey)
    expect(sealer.open(rotated.seal(sessionKey, alice), alice)).toBe(sessionKey)
    expect(createSealer([older]).open(rotated.seal(sessionKey, alice), alice)).toBeNull()
  })

  test('that are taken off the list open nothing any more', () => {
    const before = createSealer([older]).seal(sessionKey, alice)
    expect(sealer.open(before, alice)).toBeNull()
  })

  test('and keys are not to be seen on a sealer', () => {
    const shown = inspect(sealer, { depth: Infinity, showHidden: true })
    expect(shown).not.toContain(secret)
  })
})

describe('garbage', () => {
  test.each([
    '',
    'v1.',
    'v1',
    'v2.AAAA',
    'v1.AAAA',
    'v1.!!!!',
    `v1.${'A'.repeat(37)}`,
    `v1.${'A'.repeat(38)}`,
    `v1.${'A'.repeat(100)}`,
    `V1.${sealer.seal(sessionKey, alice).slice(3)}`,
    sealer.seal(sessionKey, alice).slice(3),
    sessionKey,
    'null',
  ])('opens to null: %j', (text) => {
    expect(sealer.open(text, alice)).toBeNull()
  })

  test('of every kind opens to null and throws nothing', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => textOf(Buffer.from(bytes))),
    )
    fc.assert(
      fc.property(texts, (text) => sealer.open(text, alice) === null),
      { numRuns: 300 },
    )
  })
})
