import { type LocalWeChat, startLocalWeChat } from '../wechat/local-wechat.js'
import { type AttackedApp, expectRefusal, expectUnsaid, startAttackedApp } from './attacked-app.js'
import { rawRequest } from './raw-request.js'

const app = { appid: 'wx0123456789abcdef', secret: '0123456789abcdef0123456789abcdef' }

let wechat: LocalWeChat
let t: AttackedApp
beforeAll(async () => {
  wechat = await startLocalWeChat()
  t = await startAttackedApp({
    wechat: { ...app, baseUrl: wechat.baseUrl },
    redis: null,
  })
})
afterAll(async () => {
  await t?.close()
  await wechat?.close()
})

beforeEach(() => wechat.say({ errcode: 40029, errmsg: 'invalid code' }))

describe('attack 19: parameters injected by the code: WeChat gets exactly the code, or nothing', () => {
  test.each([
    'a&appid=wxEVIL&js_code=b#',
    'a&secret=x',
    'a&grant_type=client_credential',
    'a;appid=wxEVIL',
    'a%26appid%3DwxEVIL',
    'a%00b',
    'a+b c',
    'a#b',
    'a?b=c',
    'a/../../cgi-bin/token',
    '../token?appid=x',
    'js_code=a&js_code=b',
    'a"}<script>',
    'a\\u0026appid=wxEVIL',
    '@evil.example/',
    'http://evil.example/',
    '${jndi:ldap://evil.example/a}',
    ' a',
    'a ',
    '%',
    '&',
    '=',
  ])('%j', async (code) => {
    const answer = await t.ask('/wx/login', { body: { code } })
    const more = { errcode: 40029 }
    expectRefusal(answer, 401, 'WX_CODE_INVALID', 'login', more)

    expect(wechat.requests).toHaveLength(1)
    const [method, url = ''] = wechat.requests[0]!.split(' ')
    expect(method).toBe('GET')
    const [path, query = ''] = url.split('?')
    expect(path).toBe('/sns/jscode2session')
    // As the simplest of servers would read it, and as a good one does.
    expect(query.split('&').map((pair) => pair.split('=').length)).toEqual([2, 2, 2, 2])
    expect(url).not.toContain('#')
    expect([...new URL(url, wechat.baseUrl).searchParams]).toEqual([
      ['appid', app.appid],
      ['secret', app.secret],
      ['js_code', code],
      ['grant_type', 'authorization_code'],
    ])
  })

  test.each(['wxEVIL&secret=x', 'wx0123456789abcdef#', 'wx 1', '../x', ''])(
    'the appid of the body is one of this server, or it is 400: %j',
    async (appid) => {
      expectRefusal(
        await t.ask('/wx/login', { body: { code: 'a', appid } }),
        400,
        'WX_BAD_REQUEST',
        'none',
      )
      expect(wechat.requests).toEqual([])
    },
  )
})

describe('attack 20: a code that cannot be one: 400, and WeChat is not asked', () => {
  afterEach(() => expect(wechat.requests).toEqual([]))

  test.each<[string, unknown]>([
    ['missing', undefined],
    ['empty', ''],
    ['blank', '   '],
    ['null', null],
    ['true', true],
    ['a number', 5],
    ['an object', { js_code: 'a' }],
    ['an object that says how to be a string', { toString: 'a', valueOf: 'a' }],
    ['a Buffer', { type: 'Buffer', data: [97] }],
    ['a list', ['a']],
    ['a list of lists', [[['a']]]],
    ['a line break', 'a\r\nHost: evil.example'],
    ['a line break at its end', 'a\n'],
    ['NUL', 'a\0'],
    ['DEL', 'a\x7f'],
    ['another script', '登录'],
    ['full-width letters', 'ａｂｃ'],
    ['a lone surrogate', '\ud800'],
    ['513 characters', 'a'.repeat(513)],
    ['30 kB', 'a'.repeat(30_000)],
  ])('%s', async (_what, code) => {
    const answer = await t.ask('/wx/login', { body: { code } })
    expectRefusal(answer, 400, 'WX_BAD_REQUEST', 'none')
    expect(answer.body.error.message).toMatch(/^code: /)
  })

  test('1 MB', async () => {
    const answer = await t.ask('/wx/login', { body: { code: 'a'.repeat(1024 * 1024) } })
    expectRefusal(answer, 413, 'WX_BAD_REQUEST', 'none')
  })

  test('in the URL, in a header, or twice in the body', async () => {
    const noCode = await t.ask('/wx/login?code=a', {
      body: {},
      headers: { code: 'a', 'x-wx-code': 'a' },
    })
    expectRefusal(noCode, 400, 'WX_BAD_REQUEST', 'none')
    // Of two fields of one name JSON takes the last: it is checked like any other.
    const answer = await rawRequest(t.url, {
      method: 'POST',
      path: '/wx/login',
      headers: [['Content-Type', 'application/json']],
      body: '{"code":"a","code":["b"]}',
    })
    expectRefusal(answer, 400, 'WX_BAD_REQUEST', 'none')
  })

  test('none of them shows up in the log', () => {
    expectUnsaid(t, /a{40}/, 'evil.example', 'wxEVIL', '登录')
  })
})
