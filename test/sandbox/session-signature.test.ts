import { createHmac } from 'node:crypto'
import { accessToken, appB, exchange, listen, send } from './support.js'
import type { Sandbox } from '../../src/sandbox/index.js'

// Keyed by the base64 text of the key, not by its bytes.
const sign = (sessionKey: string): string =>
  createHmac('sha256', sessionKey).update('').digest('hex')

async function ask(
  sandbox: Sandbox,
  path: '/wxa/checksession' | '/wxa/resetusersessionkey',
  changes: Record<string, string> = {},
) {
  const alice = sandbox.user('alice')
  const query = new URLSearchParams({
    access_token: await accessToken(sandbox),
    openid: alice.openid(),
    signature: sign(alice.sessionKey()),
    sig_method: 'hmac_sha256',
    ...changes,
  })
  return send(sandbox, `${path}?${query.toString()}`)
}

describe('/wxa/checksession', () => {
  it('says ok to the key of the last login, 87009 to an earlier one', async () => {
    const sandbox = await listen()
    const alice = sandbox.user('alice')
    const { json } = await exchange(sandbox, alice.login())
    const signature = sign(json.session_key)
    expect((await ask(sandbox, '/wxa/checksession', { signature })).json).toEqual({
      errcode: 0,
      errmsg: 'ok',
    })
    alice.login()
    expect((await ask(sandbox, '/wxa/checksession', { signature })).json.errcode).toBe(87009)
  })

  it('refuses a signature by the bytes of the key', async () => {
    const sandbox = await listen()
    const key = Buffer.from(sandbox.user('alice').sessionKey(), 'base64')
    const signature = createHmac('sha256', key).update('').digest('hex')
    expect((await ask(sandbox, '/wxa/checksession', { signature })).json.errcode).toBe(87009)
  })

  it.each([
    [{ openid: '' }, 40003],
    [{ openid: 'oNobody' }, 40003],
    [{ sig_method: 'md5' }, 87008],
    [{ signature: '' }, 87009],
  ])('refuses %j with %i', async (changes, errcode) => {
    const sandbox = await listen()
    expect((await ask(sandbox, '/wxa/checksession', changes)).json.errcode).toBe(errcode)
  })

  it('does not know the openid of another app', async () => {
    const sandbox = await listen()
    const openid = sandbox.user('alice').openid(appB.appid)
    expect((await ask(sandbox, '/wxa/checksession', { openid })).json.errcode).toBe(40003)
  })
})

describe('/wxa/resetusersessionkey', () => {
  it('ends the key and answers the next one, which the phone then has', async () => {
    const sandbox = await listen({ rotation: 'never' })
    const alice = sandbox.user('alice')
    const old = alice.sessionKey()
    const { json } = await ask(sandbox, '/wxa/resetusersessionkey')
    expect(json).toEqual({
      errcode: 0,
      errmsg: 'ok',
      openid: alice.openid(),
      session_key: alice.sessionKey(),
    })
    expect(alice.sessionKey()).not.toBe(old)
    const stale = await ask(sandbox, '/wxa/checksession', { signature: sign(old) })
    expect(stale.json.errcode).toBe(87009)
  })

  it('knows no key of a user who has never logged in', async () => {
    const sandbox = await listen()
    const openid = sandbox.user('bob').openid()
    const { json } = await ask(sandbox, '/wxa/resetusersessionkey', { openid })
    expect(json.errcode).toBe(87007)
    expect((await ask(sandbox, '/wxa/checksession', { openid })).json.errcode).toBe(87009)
  })

  it('is not to be used frequently for one user', async () => {
    const sandbox = await listen({ now: () => 1_700_000_000_000 })
    const reset = async (): Promise<number> =>
      (await ask(sandbox, '/wxa/resetusersessionkey')).json.errcode
    for (let i = 0; i < 10; i++) expect(await reset()).toBe(0)
    const key = sandbox.user('alice').sessionKey()
    expect(await reset()).toBe(45011)
    expect(sandbox.user('alice').sessionKey()).toBe(key)
    sandbox.clock.advance(60_000)
    expect(await reset()).toBe(0)
  })

  it('changes nothing where the signature is wrong', async () => {
    const sandbox = await listen()
    const key = sandbox.user('alice').sessionKey()
    const { json } = await ask(sandbox, '/wxa/resetusersessionkey', { signature: 'x' })
    expect(json.errcode).toBe(87009)
    expect(sandbox.user('alice').sessionKey()).toBe(key)
  })
})
