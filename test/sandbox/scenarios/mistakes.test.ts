import { createSandbox, type Sandbox } from '../../../src/sandbox/index.js'
import { detectMode, type RunOptions, scenarios } from '../../../src/sandbox/scenarios/index.js'
import { type Mistake, plainContract, startPlainBackend } from './plain-backend.js'
import { crosses, play } from './support.js'

jest.setTimeout(60_000)

let sandbox: Sandbox
const open: (() => Promise<void>)[] = []

beforeAll(async () => {
  sandbox = createSandbox()
  await sandbox.listen()
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()))
})
afterAll(() => sandbox.close())

async function backend(mistake?: Mistake): Promise<RunOptions> {
  const { baseUrl, appid, secret } = sandbox
  const server = await startPlainBackend({ wechat: baseUrl, appid, secret, mistake })
  open.push(server.close)
  return { sandbox: baseUrl, target: server.url, contract: plainContract }
}

const inMemory = scenarios.filter(({ needs }) => !needs.includes('store')).map(({ id }) => id)

describe('a backend without this package', () => {
  it('is measured by its behaviour', async () => {
    expect(await detectMode(await backend())).toBe('behaviour')
  })

  it.each(inMemory)('does right: %s', async (id) => {
    const result = await play(id, await backend())
    expect(crosses(result)).toEqual([])
    expect(result).toMatchObject({ status: 'passed', mode: 'behaviour', reason: null })
  })
})

describe('no tick for', () => {
  it('a phone route that takes codes only: encrypted-before-login is skipped', async () => {
    const result = await play('encrypted-before-login', await backend('takes codes only'))
    expect(result.status).toBe('skipped')
    expect(result.reason?.en).toMatch(/takes no encryptedData/)
  })

  it('such a route in key-rotated: what it has to do without encrypted data is asked all the same', async () => {
    const result = await play('key-rotated', await backend('takes codes only'))
    expect(result.status).toBe('passed')
    expect(result.checks.map(({ what }) => what.en)).not.toContain(
      'Data of the new key is read now',
    )
  })
})

describe('a cross for', () => {
  it.each<[Mistake, string, RegExp]>([
    ['any token is good', 'first-login', /^A made-up token opens nothing/],
    ['mock login', 'first-login', /^A code that WeChat never gave/],
    ['mock login', 'code-expired', /^A code of five minutes ago/],
    ['session_key in the reply', 'first-login', /^No reply gives away a session_key/],
    ['session_key in a JWT', 'first-login', /^No reply gives away a session_key/],
    ['remembers codes', 'code-reused', /^The same code a second time/],
    ['two logins at once collide', 'ten-at-once', /^None of the ten is a failure/],
    ['500 for an unknown token', 'late-401', /^Request 1 with the ended session/],
    ['logout on the phone only', 'late-401', /^Request 2 with the ended session/],
    ['logout on the phone only', 'session-revoked', /^Its token opens nothing any more/],
    ['garbage is a number', 'encrypted-before-login', /^Data of a key that the server never got/],
    ['500 for padding', 'encrypted-before-login', /^Data of a key that the server never got/],
    ['replays a lost POST', 'exchange-lost', /^The POST for it, which costs money/],
    ['session dies with the key', 'key-rotated', /^The session lives on with a new key/],
    ['500 without a phone code', 'user-denies-phone', /^A post without a code/],
    [
      'phone code without openid',
      'phone-code-of-another-user',
      /^Another user's phone code is refused/,
    ],
    ['access token for ever', 'access-token-replaced', /^With one that was replaced/],
    ['old token, old user', 'account-switched', /^The new session is not good for the first user/],
    ['one token for everybody', 'account-switched', /^The second user has a session of his own/],
    ['500 on 45011', 'errcode-45011', /^The login is refused for now/],
    [
      '401 for a user who is blocked, and a retry',
      'errcode-40226',
      /^Requests to WeChat for this code: expected 1, got 2/,
    ],
    ['blames the user for -1', 'errcode-minus-1', /^Busy for good/],
    ['dies with WeChat', 'wechat-down', /^Who has a session is let in meanwhile/],
    ['waits for WeChat for ever', 'wechat-down', /^WeChat does not answer: .* no answer in time/],
  ])('%s: in %s', async (mistake, id, cross) => {
    const result = await play(id, await backend(mistake))
    expect(result.status).toBe('failed')
    expect(crosses(result)).toContainEqual(expect.stringMatching(cross))
  })
})
