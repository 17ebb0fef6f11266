import {
  everything,
  filterExchanges,
  kindsOf,
  type WireFilter,
} from '../../sandbox-page/wire/filter.js'
import { flatten, layOut } from '../../sandbox-page/wire/layout.js'
import { wireMessage } from './support/wire-message.js'

const login = wireMessage({ id: 1, title: 'POST /wx/login', endedAfter: 3, user: 'alice' })
const exchange = wireMessage({
  id: 2,
  from: 'server',
  to: 'wechat',
  title: 'GET /sns/jscode2session',
  errcode: 0,
})
const stored = wireMessage({ id: 3, from: 'server', to: 'redis', title: 'SET wx:sess:…' })
const refused = wireMessage({
  id: 4,
  title: 'GET /notes',
  status: 401,
  error: 'WX_SESSION_REQUIRED',
})
const phoneNumber = wireMessage({
  id: 5,
  title: 'POST /me/phone',
  user: 'bob',
  request: [{ field: 'body.encryptedData', value: '***#0123abcd', secret: true }],
})
const all = layOut([login, exchange, stored, refused, phoneNumber])

const left = (filter: Partial<WireFilter>): number[] =>
  flatten(filterExchanges(all, { ...everything, ...filter })).map(({ id }) => id)

describe('the filter of the wire', () => {
  test('shows everything at first', () => {
    expect(left({})).toEqual([1, 2, 3, 4, 5])
  })

  test('shows logins with everything that happened during them', () => {
    expect(left({ kinds: ['login'] })).toEqual([1, 2, 3])
  })

  test('shows what is signed or encrypted', () => {
    expect(left({ kinds: ['crypto'] })).toEqual([5])
  })

  test('shows any of several kinds', () => {
    expect(left({ kinds: ['crypto', 'errors'] })).toEqual([4, 5])
  })

  test('shows no call of the store when it is switched off', () => {
    expect(left({ store: false })).toEqual([1, 2, 4, 5])
    expect(left({ store: false, kinds: ['login'] })).toEqual([1, 2])
  })

  test('finds text in titles, errors and fields, in any case', () => {
    expect(left({ text: 'notes' })).toEqual([4])
    expect(left({ text: 'wx_session' })).toEqual([4])
    expect(left({ text: '0123ABCD' })).toEqual([5])
  })

  test('keeps what a hit is inside of', () => {
    expect(left({ text: 'jscode2session' })).toEqual([1, 2])
  })

  test('shows only some users, with what happened for them', () => {
    expect(left({ users: ['alice'] })).toEqual([1, 2, 3])
    expect(left({ users: [] })).toEqual([])
  })
})

describe('what an exchange is about', () => {
  test.each([
    ['wx.login', ['login']],
    ['POST /wx/login', ['login']],
    ['GET /sns/jscode2session', ['login']],
    ['GET /me', ['api']],
    ['wx.getUserInfo', ['api', 'crypto']],
    ['POST /wxa/business/getuserphonenumber', ['api', 'crypto']],
  ])('%s: %j', (title, kinds) => {
    expect(kindsOf(wireMessage({ id: 1, title }))).toEqual(kinds)
  })

  test.each([
    ['an errcode', { errcode: 45011 }],
    ['a status from 400 on', { status: 502 }],
    ['a cut connection', { outcome: 'dropped' as const, status: null }],
    ['a server that is not reached', { outcome: 'failed' as const, status: null }],
    ['a fault, even where it only slows down', { fault: '3000 ms' }],
  ])('%s is an error', (_, given) => {
    expect(kindsOf(wireMessage({ id: 1, ...given }))).toContain('errors')
  })

  test.each([
    ['errcode 0', { errcode: 0 }],
    ['an exchange under way', { outcome: 'open' as const, status: null }],
    ['a caller that hung up', { outcome: 'gone' as const, status: null }],
  ])('%s is no error', (_, given) => {
    expect(kindsOf(wireMessage({ id: 1, ...given }))).not.toContain('errors')
  })
})
