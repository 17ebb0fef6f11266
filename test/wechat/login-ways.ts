import { type LocalWeChat, startLocalWeChat } from './local-wechat.js'
import { bytesFor } from './phone.js'

export const good = { openid: 'oAlice', session_key: bytesFor('key') }
export const login = { appid: 'wx1111111111111111', secret: 'a secret', code: 'a code' }
export const ours = 'over connections of our own'
export const byFetch = 'by fetch'

/** Of the tests of a file: a WeChat that takes every login. */
export interface LoginWays {
  wechat: LocalWeChat
  /** How each login of the test that runs came. */
  readonly ways: string[]
}

/** Starts it, and ends it with the tests. */
export function setUpLoginWays(): LoginWays {
  const at = { ways: [] as string[] } as LoginWays
  beforeAll(async () => {
    at.wechat = await startLocalWeChat()
  })
  afterAll(() => at.wechat.close())
  beforeEach(() => {
    at.ways.length = 0
    at.wechat.answer((req, res) => {
      // Only fetch says this.
      at.ways.push(req.headers['sec-fetch-mode'] === undefined ? ours : byFetch)
      res.end(JSON.stringify(good))
    })
  })
  return at
}
