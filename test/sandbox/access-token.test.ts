import { accessToken, appB, listen, send, stableToken } from './support.js'
import type { Sandbox } from '../../src/sandbox/index.js'

const now = (): number => 1_700_000_000_000
const minute = 60_000

function plainToken(sandbox: Sandbox, changes: Record<string, string> = {}) {
  const query = new URLSearchParams({
    grant_type: 'client_credential',
    appid: sandbox.appid,
    secret: sandbox.secret,
    ...changes,
  })
  return send(sandbox, `/cgi-bin/token?${query.toString()}`)
}

/** What WeChat says to a request with this token: 40003 is past the token check. */
async function errcodeWith(sandbox: Sandbox, token: string): Promise<number> {
  return (await send(sandbox, `/wxa/checksession?access_token=${token}`)).json.errcode
}
const accepted = 40003

describe('/cgi-bin/token', () => {
  it('gives a new token with every call; the one before lives five more minutes', async () => {
    const sandbox = await listen({ now })
    const first = await plainToken(sandbox)
    expect(first.json).toEqual({ access_token: expect.any(String), expires_in: 7200 })
    const second = await plainToken(sandbox)
    expect(second.json.access_token).not.toBe(first.json.access_token)

    expect(await errcodeWith(sandbox, first.json.access_token)).toBe(accepted)
    sandbox.clock.advance(5 * minute)
    expect(await errcodeWith(sandbox, first.json.access_token)).toBe(40001)
    expect(await errcodeWith(sandbox, second.json.access_token)).toBe(accepted)
  })

  it('lets only the last two tokens live', async () => {
    const sandbox = await listen({ now })
    const [a, b, c] = [
      (await plainToken(sandbox)).json.access_token,
      (await plainToken(sandbox)).json.access_token,
      (await plainToken(sandbox)).json.access_token,
    ]
    expect(await errcodeWith(sandbox, a)).toBe(40001)
    expect(await errcodeWith(sandbox, b)).toBe(accepted)
    expect(await errcodeWith(sandbox, c)).toBe(accepted)
  })

  it('forgets old tokens, never the stable one', async () => {
    const sandbox = await listen({ now })
    const stable = await accessToken(sandbox)
    for (let i = 0; i < 120; i++) await plainToken(sandbox)
    expect(await errcodeWith(sandbox, stable)).toBe(accepted)
  })

  it.each([
    [{ grant_type: '' }, 40002],
    [{ appid: '' }, 41002],
    [{ secret: '' }, 41004],
    [{ appid: 'wx2' }, 40013],
    [{ secret: 'nonsense' }, 40125],
  ])('refuses %j with %i', async (changes, errcode) => {
    const sandbox = await listen()
    expect((await plainToken(sandbox, changes)).json.errcode).toBe(errcode)
  })

  it('refuses absent parameters as empty ones', async () => {
    const sandbox = await listen()
    const path = '/cgi-bin/token?grant_type=client_credential'
    expect((await send(sandbox, path)).json.errcode).toBe(41002)
    expect((await send(sandbox, `${path}&appid=wx2`)).json.errcode).toBe(41004)
  })

  it('is GET', async () => {
    const sandbox = await listen()
    expect((await send(sandbox, '/cgi-bin/token', {})).json.errcode).toBe(43001)
  })
})

describe('/cgi-bin/stable_token', () => {
  it('gives the same token until five minutes before its end', async () => {
    const sandbox = await listen({ now })
    const first = await stableToken(sandbox)
    expect(first.json.expires_in).toBe(7200)
    sandbox.clock.advance(115 * minute - 1000)
    const second = await stableToken(sandbox)
    expect(second.json).toEqual({ access_token: first.json.access_token, expires_in: 301 })
    sandbox.clock.advance(1000)
    const third = await stableToken(sandbox)
    expect(third.json.access_token).not.toBe(first.json.access_token)
    expect(await errcodeWith(sandbox, first.json.access_token)).toBe(accepted)
    sandbox.clock.advance(5 * minute)
    expect(await errcodeWith(sandbox, first.json.access_token)).toBe(42001)
  })

  it('has nothing to do with /cgi-bin/token', async () => {
    const sandbox = await listen({ now })
    const token = await accessToken(sandbox)
    await plainToken(sandbox)
    await plainToken(sandbox)
    sandbox.clock.advance(10 * minute)
    expect(await errcodeWith(sandbox, token)).toBe(accepted)
    expect(await accessToken(sandbox)).toBe(token)
  })

  it('force_refresh ends the old token at once, not twice in 30 s, not 21 times a day', async () => {
    const sandbox = await listen({ now })
    const force = { force_refresh: true }
    const old = await accessToken(sandbox)
    const fresh = await accessToken(sandbox, force)
    expect(fresh).not.toBe(old)
    expect(await errcodeWith(sandbox, old)).toBe(40001)
    expect((await stableToken(sandbox, force)).json.errcode).toBe(45011)
    expect(await errcodeWith(sandbox, fresh)).toBe(accepted)

    for (let i = 1; i < 20; i++) {
      sandbox.clock.advance(30_000)
      expect((await stableToken(sandbox, force)).json.access_token).toBeDefined()
    }
    sandbox.clock.advance(30_000)
    expect((await stableToken(sandbox, force)).json.errcode).toBe(45009)
    sandbox.clock.advance(24 * 60 * minute)
    expect((await stableToken(sandbox, force)).json.access_token).toBeDefined()
  })

  it.each([
    [{ grant_type: 'authorization_code' }, 40002],
    [{ appid: undefined }, 41002],
    [{ secret: undefined }, 41004],
    [{ appid: 'wx2' }, 40013],
    [{ secret: appB.secret }, 40125],
    [{ appid: 5 }, 47001],
    [{ force_refresh: 'yes' }, 47001],
  ])('refuses %j with %i', async (changes, errcode) => {
    const sandbox = await listen()
    expect((await stableToken(sandbox, changes)).json.errcode).toBe(errcode)
  })

  it.each([
    ['nothing', '', 44002],
    ['no JSON', 'appid=wx', 47001],
    ['an array', '[]', 47001],
    ['null', 'null', 47001],
  ])('refuses %s as a body', async (_, body, errcode) => {
    const sandbox = await listen()
    const { json } = await send(sandbox, '/cgi-bin/stable_token', body)
    expect(json.errcode).toBe(errcode)
  })

  it('is POST', async () => {
    const sandbox = await listen()
    expect((await send(sandbox, '/cgi-bin/stable_token')).json.errcode).toBe(43002)
  })
})

describe('the access token of the other endpoints', () => {
  it.each([
    ['GET', '/wxa/checksession'],
    ['GET', '/wxa/resetusersessionkey'],
    ['POST', '/wxa/business/getuserphonenumber'],
    ['POST', '/wxa/business/checkencryptedmsg'],
  ])('is needed for %s %s', async (method, path) => {
    const sandbox = await listen({ now })
    const body = method === 'POST' ? '{}' : undefined
    const errcode = async (query: string) => (await send(sandbox, path + query, body)).json.errcode
    expect(await errcode('')).toBe(41001)
    expect(await errcode('?access_token=invented')).toBe(40001)
    const token = await accessToken(sandbox)
    expect([41001, 40001, 42001]).not.toContain(await errcode(`?access_token=${token}`))
    sandbox.clock.advance(7200_000)
    expect(await errcode(`?access_token=${token}`)).toBe(42001)
  })
})
