import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { keyIdOf, publicId, readRecord, type WxSessionRecord } from '../../src/session/record.js'

const record: WxSessionRecord = {
  v: 1,
  appid: 'wx1111111111111111',
  openid: 'oAlice',
  loginAt: 1_800_000_000_000,
  key: 'v1.sealed',
  keyId: '0123abcd',
}

describe('readRecord', () => {
  test('reads what a login wrote, with and without a unionid and the time of its key', () => {
    for (const written of [record, { ...record, unionid: 'u', keyAge: 35 }]) {
      expect(readRecord({ cookie: {}, wx: written })).toBe(written)
      expect(readRecord(JSON.parse(JSON.stringify({ wx: written })))).toEqual(written)
    }
  })

  test.each([
    ['no session', null],
    ['no session at all', undefined],
    ['a number', 5],
    ['a string', 'x'],
    ['a list', []],
    ['a session without a login', { cookie: {} }],
    ['null as login', { wx: null }],
    ['a string as login', { wx: 'x' }],
    ['a list as login', { wx: [] }],
    ['an empty login', { wx: {} }],
  ])('finds none in %s', (_, session) => {
    expect(readRecord(session)).toBeNull()
  })

  test.each(['v', 'appid', 'openid', 'loginAt', 'key', 'keyId'])('needs %s', (name) => {
    const { [name as keyof WxSessionRecord]: _, ...rest } = record
    expect(readRecord({ wx: rest })).toBeNull()
  })

  test.each([
    ['v', [0, 2, '1', true, null]],
    ['appid', ['', 5, null, {}, ['wx1']]],
    ['openid', ['', 5, null, {}, ['o']]],
    ['unionid', ['', 5, null, {}, ['u']]],
    ['loginAt', ['1800000000000', NaN, Infinity, -Infinity, null, {}, new Date()]],
    ['key', ['', 5, null, {}, ['k']]],
    ['keyId', ['', 5, null, {}, ['k']]],
    ['keyAge', ['35', NaN, Infinity, -Infinity, null, {}, new Date()]],
  ])('takes no other kind of %s', (name, values) => {
    for (const value of values as unknown[]) {
      expect([value, readRecord({ wx: { ...record, [name]: value } })]).toEqual([value, null])
    }
  })

  test('reads anything without throwing', () => {
    fc.assert(
      fc.property(fc.anything(), (session) => {
        const found = readRecord(session)
        expect(found === null || found.v === 1).toBe(true)
        expect(readRecord({ wx: session }) === null).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('publicId', () => {
  test('is short, stable, fit for a URL, and shows nothing of the session id', () => {
    const sids = Array.from({ length: 1000 }, (_, i) => `session id number ${i}`)
    const ids = sids.map(publicId)
    expect(new Set(ids).size).toBe(sids.length)
    expect(sids.map(publicId)).toEqual(ids)
    for (const id of ids) expect(id).toMatch(/^[\w-]{16}$/)
    expect(publicId('abcdefgh')).not.toContain('abcd')
  })
})

describe('keyIdOf', () => {
  test('is the first 8 hex digits of sha256(session_key), as the phone computes it', () => {
    expect(keyIdOf('abc')).toBe('ba7816bf')
    const key = 'c2Vzc2lvbiBrZXkgIDE2Yg=='
    expect(keyIdOf(key)).toBe(createHash('sha256').update(key).digest('hex').slice(0, 8))
  })
})
