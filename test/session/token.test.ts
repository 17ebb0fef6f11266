import crypto from 'node:crypto'
import { sign, unsign } from 'cookie-signature'
import * as fc from 'fast-check'
import { createTokenCodec } from '../../src/session/token.js'

const secret = 'a secret of thirty-two characters'
const older = 'an older secret of 32+ characters'
const codec = createTokenCodec([secret])

/** Session ids as express-session makes them (uid-safe): 24 random bytes. */
const sids = fc
  .uint8Array({ minLength: 24, maxLength: 24 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'))
/** Texts of the shape of a token; none is signed. */
const forgeries = fc
  .tuple(sids, fc.uint8Array({ minLength: 32, maxLength: 32 }))
  .map(([id, signature]) => `${id}.${Buffer.from(signature).toString('base64url')}`)
const sid = Buffer.alloc(24, 'sid').toString('base64url')
const token = codec.issue(sid)
const property = { numRuns: 1000 }

test('a token is the id and its signature in characters that need no escaping', () => {
  fc.assert(
    fc.property(sids, (id) => {
      expect(codec.issue(id)).toMatch(/^[A-Za-z0-9_-]{32}\.[A-Za-z0-9_-]{43}$/)
      expect(encodeURIComponent(codec.issue(id))).toBe(codec.issue(id))
    }),
    property,
  )
})

test('verifying a token gives back its session id', () => {
  fc.assert(
    fc.property(sids, (id) => codec.verify(codec.issue(id)) === id),
    property,
  )
})

describe('no token is', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

  test('one with any other character in any place', () => {
    const others = [...alphabet, ...'.+/=%;, \n\u0000', 'é', '０']
    for (let at = 0; at < token.length; at++) {
      for (const other of others) {
        if (other === token[at]) continue
        const changed = token.slice(0, at) + other + token.slice(at + 1)
        expect([changed, codec.verify(changed)]).toEqual([changed, null])
      }
    }
  })

  test('one that is cut anywhere, at the end or at the start', () => {
    for (let length = 0; length < token.length; length++) {
      expect(codec.verify(token.slice(0, length))).toBeNull()
      expect(codec.verify(token.slice(token.length - length))).toBeNull()
    }
  })

  test('one with a character taken out, doubled, or swapped with the next', () => {
    for (let at = 0; at < token.length; at++) {
      const out = token.slice(0, at) + token.slice(at + 1)
      const doubled = token.slice(0, at) + token[at]! + token.slice(at)
      expect(codec.verify(out)).toBeNull()
      expect(codec.verify(doubled)).toBeNull()
      if (at + 1 === token.length || token[at] === token[at + 1]) continue
      const swapped = token.slice(0, at) + token[at + 1]! + token[at]! + token.slice(at + 2)
      expect(codec.verify(swapped)).toBeNull()
    }
  })

  test('one with its case changed, whole or in one letter', () => {
    expect(codec.verify(token.toLowerCase())).toBeNull()
    expect(codec.verify(token.toUpperCase())).toBeNull()
    for (let at = 0; at < token.length; at++) {
      const letter = token[at]!
      const other = letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()
      if (other === letter) continue
      expect(codec.verify(token.slice(0, at) + other + token.slice(at + 1))).toBeNull()
    }
  })

  test.each([
    ['percent-encoded', token.replace('.', '%2E')],
    ['percent-encoded whole', [...token].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('')],
    ['padded', `${token}=`],
    ['with a padded id', token.replace('.', '=.')],
    ['with a space in front', ` ${token}`],
    ['with a space behind', `${token} `],
    ['with a line feed', `${token}\n`],
    ['with a zero byte', `${token}\u0000`],
    ['with another cookie behind it', `${token}; connect.sid=${token}`],
    ['with another token behind it', `${token},${token}`],
    ['as a cookie', codec.toCookie(token)],
    ['with its scheme', `Bearer ${token}`],
    ['in quotes', `"${token}"`],
    ['an empty string', ''],
    ['a dot', '.'],
    ['the id alone', sid],
    ['the id with an empty signature', `${sid}.`],
    ['of eight kilobytes', 'a'.repeat(8192)],
    ['a lone surrogate', '\ud800'.repeat(76)],
  ])('one that is %s', (_, text) => {
    expect(codec.verify(text)).toBeNull()
  })

  // RELIABILITY.md attack 11: whoever knew the secret could otherwise name any key of the store.
  test.each([
    '*',
    '../x',
    'sess:x',
    `${sid}x`,
    sid.slice(1),
    `user:{wx1:o}:sessions`,
    `\r\nDEL x\r\n${'x'.repeat(24)}`,
    `${'x'.repeat(31)}*`,
    `${'x'.repeat(31)}\u0000`,
    'x'.repeat(7000),
  ])('one whose id is %j, though it is signed with the secret', (id) => {
    const signature = sign(id, secret).slice(id.length + 1)
    expect(codec.verify(`${id}.${signature}`)).toBeNull()
    expect(codec.verify(`${id}.${signature.replaceAll('+', '-').replaceAll('/', '_')}`)).toBeNull()
  })

  test('one of another secret', () => {
    fc.assert(
      fc.property(sids, fc.string({ minLength: 1 }), (id, other) => {
        fc.pre(other !== secret)
        return codec.verify(createTokenCodec([other]).issue(id)) === null
      }),
      property,
    )
  })

  test('any other text', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), forgeries),
        (text) => codec.verify(text) === null,
      ),
      property,
    )
  })
})

describe('rotation', () => {
  const rotated = createTokenCodec([secret, older])

  test('signs with the first secret', () => {
    expect(rotated.issue(sid)).toBe(token)
  })

  test('verifies tokens of every secret', () => {
    fc.assert(
      fc.property(sids, fc.constantFrom(secret, older), (id, used) => {
        return rotated.verify(createTokenCodec([used]).issue(id)) === id
      }),
      property,
    )
  })

  test('ends where the secret is taken off the list', () => {
    const before = createTokenCodec([older]).issue(sid)
    expect(rotated.verify(before)).toBe(sid)
    expect(codec.verify(before)).toBeNull()
  })

  test('does not mix two secrets in one token', () => {
    const [first, second] = [secret, older].map((used) => createTokenCodec([used]).issue(sid))
    expect(rotated.verify(first!.slice(0, 50) + second!.slice(50))).toBeNull()
  })
})

describe('cookies', () => {
  test('carry what express-session itself would sign', () => {
    fc.assert(
      fc.property(sids, (id) => {
        const cookie = codec.toCookie(codec.issue(id))
        expect(cookie).toBe(`s:${sign(id, secret)}`)
        expect(unsign(cookie.slice(2), secret)).toBe(id)
      }),
      property,
    )
  })

  test('and tokens turn into each other', () => {
    fc.assert(
      fc.property(
        sids,
        (id) => codec.fromCookie(codec.toCookie(codec.issue(id))) === codec.issue(id),
      ),
      property,
    )
  })

  test('leave dashes and underscores of the id as they are', () => {
    const id = '-_'.repeat(16)
    expect(codec.toCookie(codec.issue(id))).toMatch(/^s:(-_){16}\.[A-Za-z0-9+/]{43}$/)
    expect(codec.verify(codec.fromCookie(codec.toCookie(codec.issue(id)))!)).toBe(id)
  })

  test.each([
    ['an unsigned id', sid],
    ['a token', token],
    ['a cookie without its s:', codec.toCookie(token).slice(2)],
    ['a cookie that is percent-encoded', encodeURIComponent(codec.toCookie(token))],
    ['a cookie with something in front of it', `x${codec.toCookie(token)}`],
    ['a cookie with a longer id', `s:x${codec.toCookie(token).slice(2)}`],
    ['a cookie cut short', codec.toCookie(token).slice(0, -1)],
    ['a cookie with a line feed', `${codec.toCookie(token)}\n`],
    ['express-session’s JSON cookie', 'j:{"a":1}'],
    ['nothing', ''],
  ])('of another shape are none: %s', (_, value) => {
    expect(codec.fromCookie(value)).toBeNull()
  })

  test('that are forged become tokens that are forged', () => {
    const forged = `s:${sid}.${crypto.randomBytes(32).toString('base64').slice(0, 43)}`
    expect(codec.verify(codec.fromCookie(forged)!)).toBeNull()
  })
})

describe('the signature of a token', () => {
  const idOf = (i: number): string => Buffer.alloc(24, `user ${String(i)} `).toString('base64url')

  test('is calculated once for all its requests, until 100 000 other tokens came in between', () => {
    const own = createTokenCodec([secret])
    const [busy, quiet, ...others] = Array.from({ length: 100_000 }, (_, i) => own.issue(idOf(i)))
    let calculated = 0
    const { createHmac } = crypto
    const spy = jest.spyOn(crypto, 'createHmac').mockImplementation((...args) => {
      calculated += 1
      return createHmac(...args)
    })
    const verify = (given: string | undefined): number => {
      const before = calculated
      expect(own.verify(given!)).toBe(given!.slice(0, 32))
      return calculated - before
    }
    expect([verify(busy), verify(quiet), verify(busy), verify(quiet)]).toEqual([1, 1, 0, 0])
    for (const other of others.slice(0, -1)) own.verify(other)
    expect(calculated).toBe(others.length + 1)
    expect(verify(busy)).toBe(0)
    expect([verify(others.at(-1)), verify(others.at(-1))]).toEqual([1, 0])
    expect([verify(busy), verify(quiet)]).toEqual([0, 1])
    spy.mockRestore()
  })

  test('is calculated for every forgery of one that is known', () => {
    const own = createTokenCodec([secret])
    for (let i = 0; i < 100; i++) {
      const issued = own.issue(idOf(i))
      expect(own.verify(issued)).toBe(own.verify(issued))
      expect(own.verify(`${issued.slice(0, -2)}${issued.endsWith('A') ? 'BB' : 'AA'}`)).toBeNull()
    }
  })
})
