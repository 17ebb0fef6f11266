import { createSandbox, SandboxError } from '../../src/sandbox/index.js'
import { appA, appB, exchange, listen, send, stableToken } from './support.js'

const now = (): number => 1_700_000_000_000
const minute = 60_000

describe('quotas', () => {
  it('refuse with 45011 in a minute and 45009 in a day, each app by itself', async () => {
    const quotas = { '/cgi-bin/stable_token': { perMinute: 2, perDay: 3 } } as const
    const sandbox = await listen({ now, quotas })
    const errcode = async (app: object = appA): Promise<number | undefined> =>
      (await stableToken(sandbox, app)).json.errcode
    expect([await errcode(), await errcode(), await errcode()]).toEqual([
      undefined,
      undefined,
      45011,
    ])
    expect(await errcode(appB)).toBeUndefined()
    sandbox.clock.advance(minute)
    expect([await errcode(), await errcode()]).toEqual([undefined, 45009])
    sandbox.clock.advance(24 * 60 * minute)
    expect(await errcode()).toBeUndefined()
  })

  it('count only calls of the app itself', async () => {
    const quotas = { '/cgi-bin/stable_token': { perMinute: 1 } } as const
    const sandbox = await listen({ now, quotas })
    expect((await stableToken(sandbox, { secret: 'wrong' })).json.errcode).toBe(40125)
    expect((await stableToken(sandbox)).json.access_token).toBeDefined()
  })

  it('are there for every endpoint, by access token too', async () => {
    const sandbox = await listen({
      now,
      quotas: {
        '/wxa/business/getuserphonenumber': { perMinute: 1 },
        '/sns/jscode2session': { perDay: 0 },
      },
    })
    const { access_token: token } = (await stableToken(sandbox)).json
    const path = `/wxa/business/getuserphonenumber?access_token=${token}`
    const tap = (): { code: string } => ({ code: sandbox.user('alice').phoneNumber().code })
    expect((await send(sandbox, path, tap())).json.errcode).toBe(0)
    const kept = tap()
    expect((await send(sandbox, path, kept)).json.errcode).toBe(45011)
    sandbox.clock.advance(minute)
    expect((await send(sandbox, path, kept)).json.errcode).toBe(0)
    const { json } = await exchange(sandbox, sandbox.user('alice').login())
    expect(json.errcode).toBe(45009)
  })

  it('are WeChat’s where nobody says otherwise: 2000 plain access tokens a day', async () => {
    const sandbox = createSandbox({ now })
    const { appid, secret } = sandbox
    const query = new URLSearchParams({ grant_type: 'client_credential', appid, secret })
    const ask = async (): Promise<object> =>
      (await sandbox.fetch(`http://x/cgi-bin/token?${query.toString()}`)).json() as Promise<object>
    for (let i = 0; i < 2000; i++) expect(await ask()).not.toHaveProperty('errcode')
    expect(await ask()).toMatchObject({ errcode: 45009 })
  })
})

describe('the IP list', () => {
  const plain = ({ appid, secret }: { appid: string; secret: string }): string =>
    `/cgi-bin/token?${new URLSearchParams({ grant_type: 'client_credential', appid, secret }).toString()}`

  it('refuses access tokens to other addresses, and says which one that was', async () => {
    const sandbox = await listen({ ipList: ['203.0.113.5'] })
    const refused = {
      errcode: 40164,
      errmsg: expect.stringMatching(
        /^invalid ip 127\.0\.0\.1 ipv6 ::ffff:127\.0\.0\.1, not in whitelist, rid: /,
      ),
    }
    expect((await stableToken(sandbox)).json).toEqual(refused)
    expect((await send(sandbox, plain(sandbox))).json).toEqual(refused)
    // The address is told before the secret is looked at.
    expect((await stableToken(sandbox, { secret: 'wrong' })).json.errcode).toBe(40164)
    const login = await exchange(sandbox, sandbox.user('alice').login())
    expect(login.json.openid).toBeDefined()
  })

  it('lets through those on it; inside the process that is 127.0.0.1', async () => {
    const sandbox = await listen({ ipList: ['127.0.0.1'] })
    expect((await stableToken(sandbox)).json.access_token).toBeDefined()
    const reply = await sandbox.fetch(`http://x${plain(sandbox)}`)
    expect(await reply.json()).toHaveProperty('access_token')
  })
})

describe('the options', () => {
  it.each<[object, RegExp]>([
    [{ quotas: { '/nothing': {} } }, /must name \/sns\/jscode2session/],
    [{ quotas: { '/cgi-bin/token': { perHour: 1 } } }, /perHour/],
    [{ quotas: { '/cgi-bin/token': { perDay: -1 } } }, /must be 0 or more/],
    [{ quotas: 5 }, /quotas: must be an object/],
    [{ ipList: ['localhost'] }, /ipList.0: must be an IP address/],
    [{ ipList: '127.0.0.1' }, /ipList: must be a list/],
    [{ pushTargets: ['http://app:3000/'] }, /must be an origin, as http:\/\/app:3000/],
    [{ pushTargets: ['app:3000'] }, /must be an origin/],
    [{ pushTargets: 'http://app:3000' }, /pushTargets: must be a list/],
  ])('%j is refused', (options, message) => {
    expect(() => createSandbox(options)).toThrow(SandboxError)
    expect(() => createSandbox(options)).toThrow(message)
  })
})
