import type { IncomingMessage } from 'node:http'
import * as fc from 'fast-check'
import { createTokenCodec } from '../../src/session/token.js'
import { type Presented, readToken } from '../../src/session/transport.js'

const codec = createTokenCodec(['a secret of thirty-two characters'])
const sidOf = (name: string): string => Buffer.alloc(24, name).toString('base64url')
const alice = { token: codec.issue(sidOf('alice')), sid: sidOf('alice') }
const bob = { token: codec.issue(sidOf('bob')), sid: sidOf('bob') }

interface Transport {
  header: string
  scheme: string
  cookie: boolean
}
const usual: Transport = { header: 'authorization', scheme: 'Bearer', cookie: false }
const withCookies: Transport = { ...usual, cookie: true }

/** What a request with these raw headers (name, value, name, value…) presents. */
const read = (rawHeaders: string[], transport = usual): Presented =>
  readToken({ rawHeaders } as IncomingMessage, transport, 'wx.sid', codec)

const none = { kind: 'none' }
const conflict = { kind: 'conflict' }
const presents = ({ token, sid }: typeof alice): Presented => ({ kind: 'token', token, sid })
const bad = (token: string): Presented => ({ kind: 'token', token, sid: null })
const cookie = (token: string): string => `wx.sid=${encodeURIComponent(codec.toCookie(token))}`

describe('the header', () => {
  test('carries the token after its scheme', () => {
    expect(read(['Authorization', `Bearer ${alice.token}`])).toEqual(presents(alice))
  })

  test.each(['authorization', 'AUTHORIZATION', 'aUTHORIZATION'])('may be written %s', (name) => {
    expect(read(['Host', 'x', name, `Bearer ${alice.token}`])).toEqual(presents(alice))
  })

  test.each([
    `bearer ${alice.token}`,
    `BEARER ${alice.token}`,
    `Bearer  ${alice.token}`,
    `Bearer\t${alice.token}`,
    `  Bearer ${alice.token}  `,
  ])('may have its scheme in any case and space around it: %j', (value) => {
    expect(read(['Authorization', value])).toEqual(presents(alice))
  })

  test.each([
    '',
    ' ',
    ',',
    'Bearer',
    'Bearer ',
    `Bearer${alice.token}`,
    `Bear ${alice.token}`,
    `BearerX ${alice.token}`,
    `Basic ${alice.token}`,
    `Digest username="${alice.token}"`,
    `Token ${alice.token}`,
    alice.token,
  ])('carries none as %j', (value) => {
    expect(read(['Authorization', value])).toEqual(none)
  })

  test('is not there at all', () => {
    expect(read([])).toEqual(none)
    expect(read(['Host', 'x', 'X-Authorization', `Bearer ${alice.token}`])).toEqual(none)
  })

  test.each([
    `${alice.token}x`,
    'x',
    `${alice.token}; wx.sid=${bob.token}`,
    `${alice.token} ${bob.token}`,
    `${alice.token},`,
    `"${alice.token}"`,
    '%E0%A4%A',
    '%00',
    '\u00ff',
    'x'.repeat(8192),
  ])('carries a bad token as %j, which opens nothing', (token) => {
    expect(read(['Authorization', `Bearer ${token}`])).toEqual(bad(token))
  })

  test.each(['Basic eA==, @', '@,Basic  eA==', 'Basic eA==, @, X-Other a b'])(
    'carries the token also where a proxy joined it with other schemes: %j',
    (value) => {
      const joined = value.replace('@', `Bearer ${alice.token}`)
      expect(read(['Authorization', joined])).toEqual(presents(alice))
    },
  )

  test.each([', x', ',=x y', ', "x y"', ',,', ', '])(
    'carries a bad token where %j, which is of no scheme, stands behind it',
    (rest) => {
      expect(read(['Authorization', `Bearer ${alice.token}${rest}`])).toEqual(
        bad(`${alice.token}${rest}`.trim()),
      )
    },
  )

  test('carries a cookie’s value no more than any other bad token', () => {
    expect(read(['Authorization', `Bearer ${codec.toCookie(alice.token)}`])).toEqual(
      bad(codec.toCookie(alice.token)),
    )
  })
})

describe('two tokens', () => {
  const [a, b] = [`Bearer ${alice.token}`, `Bearer ${bob.token}`]

  test.each<[string, string[]]>([
    ['two headers', ['Authorization', a, 'Authorization', b]],
    ['two headers in other cases', ['authorization', a, 'AUTHORIZATION', b]],
    ['two headers with others between', ['Authorization', a, 'Host', 'x', 'Authorization', b]],
    ['one header, joined', ['Authorization', `${a}, ${b}`]],
    ['one header, joined without space', ['Authorization', `${a},${b}`]],
    ['one good and one bad', ['Authorization', a, 'Authorization', 'Bearer x']],
    ['two bad ones', ['Authorization', 'Bearer x', 'Authorization', 'Bearer y']],
    ['three', ['Authorization', `${a}, ${b}`, 'Authorization', a]],
  ])('in %s are a conflict, never one of them', (_, rawHeaders) => {
    expect(read(rawHeaders)).toEqual(conflict)
  })

  test.each<[string, string[]]>([
    ['two headers', ['Authorization', a, 'Authorization', a]],
    ['one header, joined', ['Authorization', `${a}, ${a}`]],
    ['two headers, one of another scheme', ['Authorization', 'Basic eDp5', 'Authorization', a]],
    ['one header, joined with another scheme', ['Authorization', `Basic eDp5, ${a}`]],
    ['two headers, one empty', ['Authorization', '', 'Authorization', a]],
  ])('that are the same, in %s, are one', (_, rawHeaders) => {
    expect(read(rawHeaders)).toEqual(presents(alice))
  })
})

describe('a header of its own', () => {
  const own: Transport = { header: 'x-wx-token', scheme: '', cookie: false }

  test('carries the token bare where there is no scheme', () => {
    expect(read(['X-WX-Token', alice.token], own)).toEqual(presents(alice))
    expect(read(['X-WX-Token', ` ${alice.token} `], own)).toEqual(presents(alice))
  })

  test('is the only one that is read', () => {
    expect(read(['Authorization', `Bearer ${alice.token}`], own)).toEqual(none)
    expect(read(['Authorization', `Bearer ${bob.token}`, 'X-WX-Token', alice.token], own)).toEqual(
      presents(alice),
    )
  })

  test('carries nothing where it is empty', () => {
    for (const value of ['', ' ', ',', ' , '])
      expect(read(['X-WX-Token', value], own)).toEqual(none)
  })

  test('carries no token where a scheme stands before it', () => {
    expect(read(['X-WX-Token', `Bearer ${alice.token}`], own)).toEqual(bad(`Bearer ${alice.token}`))
  })

  test('that is there twice with two tokens is a conflict', () => {
    expect(read(['X-WX-Token', alice.token, 'x-wx-token', bob.token], own)).toEqual(conflict)
    expect(read(['X-WX-Token', `${alice.token},${bob.token}`], own)).toEqual(conflict)
  })

  test('may have a scheme of its own', () => {
    const scheme = { ...own, scheme: 'WX' }
    expect(read(['X-WX-Token', `wx ${alice.token}`], scheme)).toEqual(presents(alice))
    expect(read(['X-WX-Token', alice.token], scheme)).toEqual(none)
  })
})

describe('cookies', () => {
  test('are not read unless they are switched on', () => {
    expect(read(['Cookie', cookie(alice.token)])).toEqual(none)
    expect(read(['Cookie', cookie(bob.token), 'Authorization', `Bearer ${alice.token}`])).toEqual(
      presents(alice),
    )
  })

  test.each<[string, string]>([
    ['alone', cookie(alice.token)],
    ['among others', `a=1; ${cookie(alice.token)}; b=2`],
    ['without spaces', `a=1;${cookie(alice.token)};b=2`],
    ['with spaces', `  wx.sid = ${encodeURIComponent(codec.toCookie(alice.token))}  `],
    ['not percent-encoded', `wx.sid=${codec.toCookie(alice.token)}`],
    ['in quotes', `wx.sid="${codec.toCookie(alice.token)}"`],
    [
      'in quotes and percent-encoded',
      `wx.sid="${encodeURIComponent(codec.toCookie(alice.token))}"`,
    ],
    ['twice, the same', `${cookie(alice.token)}; wx.sid=${codec.toCookie(alice.token)}`],
    ['beside broken ones', `;;=; =x; wx.sid; x=%E0%A4%A; ${cookie(alice.token)}`],
    ['beside longer and shorter names', `wx.sid2=x; xwx.sid=x; wx.si=x; ${cookie(alice.token)}`],
  ])('carry the token %s', (_, value) => {
    expect(read(['Cookie', value], withCookies)).toEqual(presents(alice))
  })

  test.each<[string, string[]]>([
    ['two in one header', ['Cookie', `${cookie(alice.token)}; ${cookie(bob.token)}`]],
    ['two headers', ['Cookie', cookie(alice.token), 'cookie', cookie(bob.token)]],
    ['a good one and a bad one', ['Cookie', `${cookie(alice.token)}; wx.sid=x`]],
    ['one and a header', ['Cookie', cookie(alice.token), 'Authorization', `Bearer ${bob.token}`]],
  ])('with another token are a conflict: %s', (_, rawHeaders) => {
    expect(read(rawHeaders, withCookies)).toEqual(conflict)
  })

  test('and the header with the same token are one', () => {
    expect(
      read(['Cookie', cookie(alice.token), 'Authorization', `Bearer ${alice.token}`], withCookies),
    ).toEqual(presents(alice))
  })

  test.each([
    ['%E0%A4%A', '%E0%A4%A'],
    ['%', '%'],
    ['s:x.y', 's:x.y'],
    ['s%3Ax.y', 's:x.y'],
    [sidOf('alice'), sidOf('alice')],
    ['j:{"openid":"x"}', 'j:{"openid":"x"}'],
    ['a=b=c', 'a=b=c'],
    ['x"y"', 'x"y"'],
    ['"x"y', '"x"y'],
  ])('with the value %j carry a bad token', (value, token) => {
    expect(read(['Cookie', `wx.sid=${value}`], withCookies)).toEqual(bad(token))
  })

  test('without the name carry none', () => {
    for (const value of [
      ...['', ';', 'a=1', 'WX.SID=x', '__proto__=x'],
      ...['wx.sid', 'wx.sid=', 'wx.sid= ', 'wx.sidx'],
    ]) {
      expect(read(['Cookie', value], withCookies)).toEqual(none)
    }
  })

  test('are found by a name with characters that mean something elsewhere', () => {
    const found = readToken(
      { rawHeaders: ['Cookie', `a.b=x; a+b=${codec.toCookie(alice.token)}`] } as IncomingMessage,
      withCookies,
      'a+b',
      codec,
    )
    expect(found).toEqual(presents(alice))
  })
})

describe('whatever the headers', () => {
  const names = fc.oneof(
    fc.constantFrom('Authorization', 'authorization', 'Cookie', 'COOKIE', '__proto__', 'host'),
    fc.string(),
  )
  const pieces = fc.oneof(
    fc.constantFrom(
      alice.token,
      bob.token,
      'Bearer',
      'Bearer ',
      ' ',
      ',',
      ';',
      '=',
      'wx.sid',
      'wx.sid=',
    ),
    fc.constantFrom(
      '"',
      '%',
      '%E0%A4%A',
      's:',
      's%3A',
      codec.toCookie(alice.token),
      '\u0000',
      '\ud800',
    ),
    fc.string({ unit: 'binary' }),
  )
  const values = fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join(''))
  const headers = fc.array(fc.tuple(names, values), { maxLength: 6 }).map((pairs) => pairs.flat())
  const transports = fc.record({
    header: fc.constantFrom('authorization', 'x-wx-token', 'host'),
    scheme: fc.constantFrom('Bearer', '', 'x'),
    cookie: fc.boolean(),
  })

  test('reading never throws, and names only sessions whose token is there', () => {
    fc.assert(
      fc.property(headers, transports, (rawHeaders, transport) => {
        const found = read(rawHeaders, transport)
        if (found.kind !== 'token' || found.sid === null) return
        const known = [alice, bob].find(({ sid }) => sid === found.sid)
        expect(found).toEqual(known && presents(known))
        const all = rawHeaders.join('\n')
        expect(all.includes(known!.token) || all.includes(codec.toCookie(known!.token))).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  test('a second, different token never goes unnoticed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string(), values), { maxLength: 3 }),
        fc.nat(3),
        (more, at) => {
          const others = more.filter(([name]) => name.toLowerCase() !== 'authorization')
          const two: [string, string][] = [
            ['Authorization', `Bearer ${alice.token}`],
            ['authorization', `bearer ${bob.token}`],
          ]
          const all = others.toSpliced(at, 0, two[0]!)
          expect(read([two[1]!, ...all].flat())).toEqual(conflict)
          expect(read([...all, two[1]!].flat())).toEqual(conflict)
        },
      ),
      { numRuns: 1000 },
    )
  })
})
