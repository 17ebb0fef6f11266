import { type LocalWeChat, startLocalWeChat } from '../wechat/local-wechat.js'
import { type AttackedApp, expectRefusal, expectUnsaid, startAttackedApp } from './attacked-app.js'

const app = { appid: 'wx0123456789abcdef', secret: '0123456789abcdef0123456789abcdef' }
const canary = 'canary-of-the-errmsg'
const rid = '5f8a0b12-0badcafe-12345678'

let wechat: LocalWeChat
let t: AttackedApp
beforeAll(async () => {
  wechat = await startLocalWeChat()
  t = await startAttackedApp({
    wechat: { ...app, baseUrl: wechat.baseUrl },
    env: { LOG_LEVEL: 'trace' },
    redis: null,
  })
})
afterAll(async () => {
  await t?.close()
  await wechat?.close()
})

let codes = 0
const newCode = (): string => `code-of-attack-25-${String(codes++)}`
const post = () => t.ask('/wx/login', { body: { code: newCode() } })

/** As WeChat words it, and worse: with everything in it that it was sent. */
const errmsg = (): string =>
  `${canary} appid=${app.appid} secret=${app.secret} js_code=code-of-attack-25-0, rid: ${rid}`
const good = { openid: 'oAliceOfAttack25', session_key: Buffer.alloc(16, 'key').toString('base64') }

describe('attack 25: what WeChat’s errcodes become; its errmsg goes to nobody', () => {
  test.each<[number, number, string, 'login' | 'retry' | 'none']>([
    [40029, 401, 'WX_CODE_INVALID', 'login'],
    [40163, 401, 'WX_CODE_USED', 'login'],
    [45011, 429, 'WX_RATE_LIMITED', 'retry'],
    [40226, 403, 'WX_USER_BLOCKED', 'none'],
    [40013, 500, 'WX_APP_CONFIG', 'none'],
    [40125, 500, 'WX_APP_CONFIG', 'none'],
    [40243, 500, 'WX_APP_CONFIG', 'none'],
    [41002, 500, 'WX_APP_CONFIG', 'none'],
    [41004, 500, 'WX_APP_CONFIG', 'none'],
    [41008, 500, 'WX_APP_CONFIG', 'none'],
    [61003, 500, 'WX_APP_CONFIG', 'none'],
    // No entry of the table, so that the code may be spent.
    [99999, 502, 'WX_UPSTREAM', 'login'],
  ])('%i is %i %s', async (errcode, status, code, action) => {
    for (const said of [errcode, String(errcode)]) {
      wechat.say({ errcode: said, errmsg: errmsg() })
      const answer = await post()
      expectRefusal(answer, status, code, action, { errcode, rid })
      expect(wechat.requests).toHaveLength(1)
      expect(answer.headers.get('retry-after') === null).toBe(action !== 'retry')
      const { message } = answer.body.error as { message: string }
      expect(message).not.toMatch(/canary|secret|appid/i)
      if (code === 'WX_APP_CONFIG') expect(message).toBe('The server is not set up correctly.')
    }
  })

  test('-1 is asked once more, and then 503 with Retry-After', async () => {
    wechat.say({ errcode: -1, errmsg: errmsg() })
    const answer = await post()
    expectRefusal(answer, 503, 'WX_BUSY', 'retry', { errcode: -1, rid })
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(wechat.requests).toHaveLength(2)
    expect(wechat.requests[1]).toBe(wechat.requests[0])
  })

  test('-1 once is a login', async () => {
    wechat.say({ errcode: -1, errmsg: errmsg() }, good)
    expect((await post()).status).toBe(200)
    expect(wechat.requests).toHaveLength(2)
  })

  test('an errcode beside an openid is an errcode', async () => {
    wechat.say({ ...good, errcode: 40029, errmsg: errmsg() })
    expectRefusal(await post(), 401, 'WX_CODE_INVALID', 'login', { errcode: 40029, rid })
  })

  test('errcode 0 beside an openid is a login, as WeChat sometimes says it', async () => {
    wechat.say({ ...good, errcode: 0, errmsg: errmsg() })
    const answer = await post()
    expect(answer.status).toBe(200)
    expect(JSON.stringify(answer.body)).not.toContain(canary)
  })

  test('a refused login leaves the session that came with it as it was', async () => {
    wechat.say(good)
    const { token } = (await post()).body as { token: string }
    wechat.say({ errcode: 40226, errmsg: errmsg() })
    const answer = await t.ask('/wx/login', { body: { code: newCode() }, token })
    expectRefusal(answer, 403, 'WX_USER_BLOCKED', 'none', { errcode: 40226, rid })
    expect(await t.me(token)).toBe(200)
  })

  test('the operator reads the errcode, its meaning and the rid in the log, and no errmsg', () => {
    const output = t.app.output()
    expect(output.includes('WeChat answered errcode 40125: the AppSecret is wrong')).toBe(true)
    expect(output.includes(rid)).toBe(true)
    expectUnsaid(t, canary, app.secret, 'code-of-attack-25-', good.session_key)
  })
})
