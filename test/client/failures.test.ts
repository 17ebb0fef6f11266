import type { Express } from 'express'
import { WxLoginError } from '../../client/src/index.js'
import { until } from '../support/until.js'
import { failure, outcome, type Setting, start, times } from './support.js'

/** Everything that needs a session, at once. */
const everyCaller = ({ login }: Setting): Promise<unknown>[] => [
  login.ready(),
  login.login(),
  login.request({ url: '/me' }),
  login.request({ url: '/me', method: 'POST', data: {} }),
  login.prepareKey(),
  login.profile({ nickName: '爱丽丝' }),
  login.phone({ code: 'any' }),
]

const outcomes = (promises: Promise<unknown>[]): Promise<unknown[]> =>
  Promise.all(promises.map(outcome))

const all = (code: string): string[] => times(7, () => code)

/** Runs with a clock that stands at `now` until it is moved. */
async function withClock(body: (move: (ms: number) => void) => Promise<void>): Promise<void> {
  let now = Date.now()
  const clock = jest.spyOn(Date, 'now').mockImplementation(() => now)
  try {
    await body((ms) => {
      now += ms
    })
  } finally {
    clock.mockRestore()
  }
}

describe('wx.login', () => {
  it('that fails: every caller gets WX_LOGIN with what it said, and the next call tries again', async () => {
    const setting = await start()
    const { login, phone } = setting
    const { login: working } = phone.wx
    let calls = 0
    phone.wx.login = ({ fail }) => {
      calls++
      fail?.({ errMsg: 'login:fail system error' })
    }
    expect(await outcomes(everyCaller(setting))).toEqual(all('WX_LOGIN'))
    expect(calls).toBe(1)
    expect(await failure(login.ready())).toMatchObject({
      code: 'WX_LOGIN',
      errMsg: 'login:fail system error',
      retryAfter: 0,
    })
    phone.wx.login = working
    expect((await login.request({ url: '/me' })).statusCode).toBe(200)
  })

  it('that fails without a word is WX_LOGIN all the same', async () => {
    const { login, phone } = await start()
    phone.wx.login = ({ fail }) => fail?.(undefined as never)
    expect(await outcome(login.ready())).toBe('WX_LOGIN')
  })

  it('that never answers: every caller gets TIMEOUT', async () => {
    const setting = await start({ timeout: 30 })
    setting.phone.wx.login = () => {}
    expect(await outcomes(everyCaller(setting))).toEqual(all('TIMEOUT'))
  })

  it.each([
    ['succeeds without a code', { errMsg: 'login:ok' }],
    ['succeeds with an empty code', { code: '' }],
    ['succeeds with nothing', undefined],
  ])('that %s: every caller gets WX_LOGIN', async (_, result) => {
    const setting = await start()
    setting.phone.wx.login = ({ success }) => success?.(result as { code: string })
    expect(await outcomes(everyCaller(setting))).toEqual(all('WX_LOGIN'))
    expect(setting.phone.to('/wx/login')).toEqual([])
  })

  it('that throws: every caller gets WX_LOGIN', async () => {
    const setting = await start()
    setting.phone.wx.login = () => {
      throw new Error('login is not supported here')
    }
    expect(await outcomes(everyCaller(setting))).toEqual(all('WX_LOGIN'))
  })

  it('that says it took too long is a TIMEOUT', async () => {
    const { login, phone } = await start()
    phone.wx.login = ({ fail }) => fail?.({ errMsg: 'login:fail timeout', errno: 5 })
    expect(await outcome(login.ready())).toBe('TIMEOUT')
  })

  it('that answers too late: its code is not used, and the key counts as unknown', async () => {
    const { login, phone, app } = await start({ timeout: 1000 })
    await login.ready()
    const { login: working } = phone.wx
    let late: (() => void) | undefined
    phone.wx.login = (options) => {
      late = () => options.success?.({ code: app.sandbox.user('alice').login() })
    }
    expect(await outcome(login.login())).toBe('TIMEOUT')
    phone.wx.login = working

    await login.login()
    const logins = phone.to('/wx/login').length
    late?.()
    expect(phone.to('/wx/login')).toHaveLength(logins)
    // wx.checkSession would find the key of the late code right.
    await login.prepareKey()
    expect(phone.checks).toBe(0)
    expect(phone.to('/wx/login')).toHaveLength(logins + 1)
  })
})

describe('the login at the server', () => {
  it('without a network: NETWORK for every caller, and wx.login is asked again the next time', async () => {
    const setting = await start()
    const { login, phone } = setting
    phone.wx.request = ({ fail }) => fail?.({ errMsg: 'request:fail net::ERR_CONNECTION_REFUSED' })
    expect(await outcomes(everyCaller(setting))).toEqual(all('NETWORK'))
    expect(phone.logins).toBe(1)
    expect(await outcome(login.ready())).toBe('NETWORK')
    expect(phone.logins).toBe(2)
  })

  it('that the network swallows: TIMEOUT for every caller', async () => {
    const setting = await start({ timeout: 50 })
    setting.phone.wx.request = () => undefined
    expect(await outcomes(everyCaller(setting))).toEqual(all('TIMEOUT'))
  })

  it('refused by the server: REJECTED with the status, the code and the id of the request', async () => {
    const { login, app } = await start()
    app.sandbox.user('alice', { blocked: true })
    const error = await failure(login.ready())
    expect(error).toMatchObject({
      code: 'REJECTED',
      statusCode: 403,
      serverCode: 'WX_USER_BLOCKED',
      requestId: expect.stringMatching(/.{8}/) as string,
      errcode: 40226,
      retryAfter: 0,
      message: 'WeChat blocks the login of this user.',
    })
  })

  it.each([
    ['a page of somebody in between', '<html>Welcome to our WLAN</html>'],
    ['no token', '{}'],
    ['no time to live', '{"token":"t","keyId":"","user":null}'],
    ['null', 'null'],
  ])('answered 200 with %s: REJECTED', async (_, body) => {
    const before = (app: Express): void => {
      app.post('/wx/login', (_req, res) => void res.type('json').send(body))
    }
    const { login } = await start({ app: { before } })
    expect(await failure(login.ready())).toMatchObject({ code: 'REJECTED', statusCode: 200 })
    expect(login.session).toBeNull()
  })

  it('put off with Retry-After: no wx.login until the time is over, every call says how long it is', async () => {
    const { login, phone, app } = await start()
    app.sandbox.faults.add({ endpoint: '/sns/jscode2session', errcode: 45011, times: 1 })
    await withClock(async (move) => {
      expect(await failure(login.ready())).toMatchObject({
        code: 'REJECTED',
        serverCode: 'WX_RATE_LIMITED',
        retryAfter: 60_000,
      })
      move(20_000)
      const waiting = await Promise.all([
        failure(login.ready()),
        failure(login.login()),
        failure(login.request({ url: '/me' })),
        failure(login.prepareKey()),
      ])
      for (const error of waiting) {
        expect(error).toMatchObject({ serverCode: 'WX_RATE_LIMITED', retryAfter: 40_000 })
      }
      expect(phone.logins).toBe(1)
      move(40_000)
      await login.ready()
      expect(phone.logins).toBe(2)
    })
  })

  it('put off until a date is put off as well', async () => {
    const before = (app: Express): void => {
      app.post('/wx/login', (_req, res) => {
        const date = new Date(Date.now() + 90_000).toUTCString()
        res.status(503).set('Retry-After', date).json({})
      })
    }
    const { login, phone } = await start({ app: { before } })
    const { retryAfter } = await failure(login.ready())
    expect(retryAfter).toBeGreaterThan(80_000)
    expect(retryAfter).toBeLessThanOrEqual(90_000)
    expect(await outcome(login.ready())).toBe('REJECTED')
    expect(phone.logins).toBe(1)
  })

  it('put off, and then the clock is put back: the pause ends rather than lasting for hours', async () => {
    const { login, phone, app } = await start()
    app.sandbox.faults.add({ endpoint: '/sns/jscode2session', errcode: 45011, times: 1 })
    await withClock(async (move) => {
      expect(await outcome(login.ready())).toBe('REJECTED')
      move(-3_600_000)
      await login.ready()
      expect(phone.logins).toBe(2)
    })
  })

  it('in the background: ABORTED, and the session there is stays', async () => {
    const { login, phone } = await start()
    const session = await login.ready()
    phone.wx.request = ({ fail }) => fail?.({ errMsg: 'request:fail interrupted' })
    expect(await outcome(login.login())).toBe('ABORTED')
    expect(login.session).toBe(session)
  })

  it('that fails although there is a session: ready and request go on with that one', async () => {
    const { login, phone } = await start()
    const session = await login.ready()
    phone.wx.login = ({ fail }) => fail?.({ errMsg: 'login:fail' })
    const [forced, ready, reply] = await Promise.all([
      outcome(login.login()),
      login.ready(),
      login.request({ url: '/me' }),
    ])
    expect(forced).toBe('WX_LOGIN')
    expect(ready).toBe(session)
    expect(reply.statusCode).toBe(200)
  })

  it('whose loginData throws fails with that, and the next login works', async () => {
    const wrong = new RangeError('no appid yet')
    let broken = true
    const { login } = await start({
      loginData() {
        if (broken) throw wrong
        return {}
      },
    })
    await expect(login.ready()).rejects.toBe(wrong)
    broken = false
    await login.ready()
  })
})

describe('a request', () => {
  it.each([
    ['request:fail net::ERR_NETWORK_ACCESS_DENIED', 'NETWORK'],
    ['request:fail url not in domain list', 'NETWORK'],
    ['request:fail', 'NETWORK'],
    ['', 'NETWORK'],
    ['request:fail timeout', 'TIMEOUT'],
    ['request:fail net::ERR_CONNECTION_TIMED_OUT', 'TIMEOUT'],
    ['request:fail The request timed out.', 'TIMEOUT'],
    ['request:fail 请求超时。', 'TIMEOUT'],
    ['request:fail abort', 'ABORTED'],
    ['request:fail interrupted', 'ABORTED'],
  ])('that ends with "%s" is %s, goes once and costs no session', async (errMsg, code) => {
    const { login, phone } = await start()
    const session = await login.ready()
    let sent = 0
    phone.wx.request = ({ fail }) => {
      sent++
      fail?.({ errMsg })
    }
    const error = await failure(login.request({ url: '/me', method: 'POST', data: {} }))
    expect(error).toMatchObject({ code, errMsg })
    expect(sent).toBe(1)
    expect(login.session).toBe(session)
  })

  it('with a timeout of its own ends by then, even where wx never answers', async () => {
    const { login, phone } = await start()
    await login.ready()
    phone.wx.request = () => undefined
    expect(await outcome(login.request({ url: '/me', timeout: 20 }))).toBe('TIMEOUT')
  })

  it('of a wx that gives promises as well leaves no rejection unhandled', async () => {
    const unhandled: unknown[] = []
    const listener = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', listener)
    try {
      const { login, phone } = await start()
      phone.wx.login = ({ fail }) => {
        fail?.({ errMsg: 'login:fail' })
        return Promise.reject(new Error('login:fail'))
      }
      expect(await outcome(login.request({ url: '/me' }))).toBe('WX_LOGIN')
      await new Promise((resolve) => setTimeout(resolve, 10))
      expect(unhandled).toEqual([])
    } finally {
      process.off('unhandledRejection', listener)
    }
  })

  it('resolves with every status but a refused session', async () => {
    const before = (app: Express): void => {
      app.all('/status/:status', (req, res) => {
        res.status(Number(req.params.status)).json({ error: { code: 'SOMETHING' } })
      })
    }
    const { login, phone } = await start({ app: { before } })
    for (const status of [200, 204, 400, 403, 404, 409, 429, 500, 503]) {
      const reply = await login.request({ url: `/status/${String(status)}` })
      expect(reply.statusCode).toBe(status)
    }
    expect(phone.logins).toBe(1)
  })

  it('in flight when the phone loses its network ends with NETWORK', async () => {
    const before = (app: Express): void => {
      app.get('/slow', () => {})
    }
    const { login, phone } = await start({ app: { before } })
    await login.ready()
    const slow = login.request({ url: '/slow' })
    await until(() => phone.to('/slow').length === 1)
    phone.device.network = 'offline'
    expect(await outcome(slow)).toBe('NETWORK')
  })
})

describe('the error', () => {
  it('is a WxLoginError and an Error, with a name and a message', async () => {
    const { login, phone } = await start()
    phone.wx.login = ({ fail }) => fail?.({ errMsg: 'login:fail no permission' })
    const error = await failure(login.ready())
    expect(error).toBeInstanceOf(Error)
    expect(error).toBeInstanceOf(WxLoginError)
    expect(String(error)).toBe('WxLoginError: login:fail no permission')
    expect(error.stack).toContain('login:fail no permission')
    expect(new WxLoginError('DENIED')).toMatchObject({
      code: 'DENIED',
      message: 'DENIED',
      retryAfter: 0,
    })
    expect(new Error('other')).not.toBeInstanceOf(WxLoginError)
  })

  it('holds no token and no code', async () => {
    const before = (app: Express): void => {
      app.get('/refused', (_req, res) => void res.status(401).json({}))
    }
    const { login, phone } = await start({ app: { before } })
    const { token } = await login.ready()
    const error = await failure(login.request({ url: '/refused' }))
    const told = JSON.stringify([error, error.message, error.stack])
    const secrets = [
      token,
      login.session!.token,
      ...phone.to('/wx/login').map(({ data }) => (data as { code: string }).code),
    ]
    expect(secrets).toHaveLength(4)
    for (const secret of secrets) expect(told).not.toContain(secret)
  })
})
