import { createSandbox, SandboxError, type SandboxFault } from '../../src/sandbox/index.js'
import { exchange, lastRequest, listen, send, until } from './support.js'

describe('a fault', () => {
  it('answers an errcode as WeChat does, and the code stays good', async () => {
    const sandbox = await listen()
    sandbox.faults.add({ endpoint: 'jscode2session', errcode: -1, times: 1 })
    const code = sandbox.user('alice').login()
    const { status, type, json } = await exchange(sandbox, code)
    expect([status, type]).toEqual([200, 'text/plain'])
    expect(json).toEqual({ errcode: -1, errmsg: expect.stringMatching(/^system error, rid: /) })
    expect((await exchange(sandbox, code)).json.openid).toBeDefined()
  })

  it('answers errcodes it has no words for, and 0 without openid', async () => {
    const sandbox = await listen()
    sandbox.faults.add({ endpoint: 'jscode2session', errcode: 12345, times: 1 })
    sandbox.faults.add({ endpoint: 'jscode2session', errcode: 0, times: 1 })
    expect((await exchange(sandbox, 'x')).json).toMatchObject({ errcode: 12345 })
    expect((await exchange(sandbox, 'x')).json).toEqual({ errcode: 0, errmsg: 'ok' })
  })

  it('answers an HTTP status with a gateway’s HTML, or with an errcode', async () => {
    const sandbox = await listen()
    sandbox.faults.add({ endpoint: 'jscode2session', status: 502, times: 1 })
    sandbox.faults.add({ endpoint: 'jscode2session', status: 500, errcode: 45009, times: 1 })
    const html = await exchange(sandbox, 'x')
    expect([html.status, html.type]).toEqual([502, 'text/html'])
    expect(html.json).toContain('<h1>502</h1>')
    const both = await exchange(sandbox, 'x')
    expect([both.status, both.json.errcode]).toEqual([500, 45009])
  })

  it('answers any body, text as it is, the rest as JSON', async () => {
    const sandbox = await listen()
    sandbox.faults.add({ endpoint: 'jscode2session', body: '{"openid":', times: 1 })
    sandbox.faults.add({ endpoint: 'jscode2session', body: { errcode: '40029' }, status: 203 })
    expect((await exchange(sandbox, 'x')).json).toBe('{"openid":')
    const second = await exchange(sandbox, 'x')
    expect([second.status, second.json]).toEqual([203, { errcode: '40029' }])
  })

  it('holds the answer back, the request is processed', async () => {
    const sandbox = await listen()
    sandbox.faults.add({ endpoint: 'jscode2session', delayMs: 30 })
    const code = sandbox.user('alice').login()
    expect((await exchange(sandbox, code)).json.openid).toBeDefined()
    expect((await exchange(sandbox, code)).json.errcode).toBe(40163)
    expect(lastRequest(sandbox).ms).toBeGreaterThanOrEqual(25)
  })

  it('drops before: the connection breaks, the code stays good', async () => {
    const sandbox = await listen()
    sandbox.faults.add({ endpoint: 'jscode2session', drop: 'before', times: 1 })
    const code = sandbox.user('alice').login()
    await expect(exchange(sandbox, code)).rejects.toThrow('fetch failed')
    expect((await exchange(sandbox, code)).json.openid).toBeDefined()
  })

  it('drops after: the connection breaks, the code is burnt', async () => {
    const sandbox = await listen()
    sandbox.faults.add({ endpoint: 'jscode2session', drop: 'after', delayMs: 5, times: 1 })
    const code = sandbox.user('alice').login()
    await expect(exchange(sandbox, code)).rejects.toThrow('fetch failed')
    expect((await exchange(sandbox, code)).json.errcode).toBe(40163)
  })

  it('of another endpoint does not matter', async () => {
    const sandbox = await listen()
    sandbox.faults.add({ endpoint: 'token', status: 500 })
    sandbox.faults.add({ endpoint: '/wxa/checksession', status: 500 })
    expect((await exchange(sandbox, sandbox.user('a').login())).json.openid).toBeDefined()
    expect((await send(sandbox, '/cgi-bin/stable_token', {})).status).toBe(200)
    expect((await send(sandbox, '/cgi-bin/token')).status).toBe(500)
  })

  it('whose caller hangs up is over at once', async () => {
    const sandbox = await listen()
    sandbox.faults.add({ endpoint: 'jscode2session', delayMs: 600_000 })
    const gone = new AbortController()
    const url = `${sandbox.baseUrl}/sns/jscode2session`
    const call = fetch(url, { signal: gone.signal })
    setTimeout(() => gone.abort(), 30)
    await expect(call).rejects.toThrow(/aborted/)
    await until(() => sandbox.requests.length === 1)
    expect(lastRequest(sandbox)).toMatchObject({ outcome: 'gone', status: null, errcode: null })
  })
})

describe('several faults', () => {
  it('of one endpoint apply in the order they came, each as many times as it says', async () => {
    const sandbox = await listen()
    sandbox.faults.add({ endpoint: 'jscode2session', errcode: -1, times: 2 })
    sandbox.faults.add({ endpoint: '/sns/jscode2session', errcode: 45011, times: 1 })
    const left = sandbox.faults.add({ endpoint: 'token', status: 503 })
    expect(left).toEqual([
      { endpoint: '/sns/jscode2session', errcode: -1, times: 2 },
      { endpoint: '/sns/jscode2session', errcode: 45011, times: 1 },
      { endpoint: '/cgi-bin/token', status: 503 },
    ])
    const seen = []
    for (let i = 0; i < 4; i++) seen.push((await exchange(sandbox, 'x')).json.errcode)
    expect(seen).toEqual([-1, -1, 45011, 40029])
    expect(sandbox.faults.list()).toEqual([{ endpoint: '/cgi-bin/token', status: 503 }])
    sandbox.faults.clear()
    expect(sandbox.faults.list()).toEqual([])
  })

  it('are bounded in number', () => {
    const { faults } = createSandbox()
    for (let i = 0; i < 1000; i++) faults.add({ endpoint: 'token', status: 500 })
    expect(() => faults.add({ endpoint: 'token', status: 500 })).toThrow('1000 faults already')
  })

  it('listed are copies', () => {
    const { faults } = createSandbox()
    faults.add({ endpoint: 'token', status: 500 })[0]!.status = 200
    expect(faults.list()[0]!.status).toBe(500)
  })
})

const cycle: { self?: unknown } = {}
cycle.self = cycle

describe('a wrong fault', () => {
  it.each<[string, unknown, RegExp]>([
    ['no object', 5, /must be an object/],
    [
      'an unknown endpoint',
      { endpoint: 'jscode2sessions', errcode: 1 },
      /endpoint: must be one of/,
    ],
    [
      'half a path',
      { endpoint: 'business/checkencryptedmsg', errcode: 1 },
      /endpoint: must be one/,
    ],
    ['no endpoint', { errcode: 1 }, /endpoint: /],
    ['nothing to do', { endpoint: 'token', times: 1 }, /needs at least one of/],
    ['two answers', { endpoint: 'token', errcode: 1, body: 'x' }, /errcode and body: use one/],
    ['a drop with an answer', { endpoint: 'token', drop: 'after', status: 500 }, /drop: goes with/],
    ['an unknown drop', { endpoint: 'token', drop: 'during' }, /drop: must be before or after/],
    ['a status that is none', { endpoint: 'token', status: 99 }, /status: must be a whole number/],
    ['a body that is no JSON', { endpoint: 'token', body: cycle }, /body: must be text or JSON/],
    ['a body that is a function', { endpoint: 'token', body: () => 1 }, /body: must be text/],
    [
      'several mistakes',
      { endpoint: 'token', errcode: '1', delayMs: -1, times: 0.5, delay: 3 },
      /errcode: .*; delayMs: .*; times: .*; delay: is no field of a fault/,
    ],
  ])('%s is refused by name and changes nothing', (_, fault, message) => {
    const { faults } = createSandbox()
    const add = () => faults.add(fault as SandboxFault)
    expect(add).toThrow(SandboxError)
    expect(add).toThrow(message)
    expect(faults.list()).toEqual([])
  })
})
