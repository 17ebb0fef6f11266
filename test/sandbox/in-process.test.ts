import { createSandbox, type Sandbox } from '../../src/sandbox/index.js'

const make = (options = {}): Sandbox => createSandbox({ rateLimit: 0, ...options })

function exchange(sandbox: Sandbox, code: string, init?: RequestInit): Promise<Response> {
  const { appid, secret } = sandbox
  const query = new URLSearchParams({ appid, secret, js_code: code })
  return sandbox.fetch(`https://api.weixin.qq.com/sns/jscode2session?${query.toString()}`, init)
}

describe('sandbox.fetch', () => {
  it('is WeChat without a port, whatever the host', async () => {
    const sandbox = make()
    const response = await exchange(sandbox, sandbox.user('alice').login())
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/plain'])
    expect(await response.json()).toMatchObject({ openid: sandbox.user('alice').openid() })
    expect(sandbox.requests).toMatchObject([{ path: '/sns/jscode2session', errcode: 0 }])
  })

  it('has the control surface, with bodies of every kind that fetch takes', async () => {
    const sandbox = make()
    const text = JSON.stringify({ name: 'alice', blocked: true })
    const init = { method: 'POST', body: new TextEncoder().encode(text) }
    expect((await sandbox.fetch('http://x/__sandbox/users', init)).status).toBe(200)
    expect(sandbox.user('alice').blocked).toBe(true)
    const page = await sandbox.fetch('http://x/__sandbox')
    expect(await page.text()).toContain('SANDBOX')
    const big = { method: 'POST', body: 'x'.repeat(64 * 1024 + 1) }
    expect((await sandbox.fetch('http://x/__sandbox/users', big)).status).toBe(413)
    expect((await sandbox.fetch('http://x/cgi-bin/stable_token', big)).status).toBe(413)
  })

  it('answers statuses without a body', async () => {
    const sandbox = make()
    for (const status of [204, 205, 304]) {
      sandbox.faults.add({ endpoint: 'jscode2session', status, times: 1 })
      const response = await exchange(sandbox, 'x')
      expect([response.status, await response.text()]).toEqual([status, ''])
    }
  })

  it('rejects dropped requests as fetch does', async () => {
    const sandbox = make()
    sandbox.faults.add({ endpoint: 'jscode2session', drop: 'before', times: 1 })
    const code = sandbox.user('alice').login()
    const error: unknown = await exchange(sandbox, code).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ message: 'fetch failed', cause: { code: 'UND_ERR_SOCKET' } })
    expect(await (await exchange(sandbox, code)).json()).toHaveProperty('openid')
  })

  it('stops waiting when the signal fires, with its reason', async () => {
    const sandbox = make()
    sandbox.faults.add({ endpoint: 'jscode2session', delayMs: 600_000 })
    await expect(exchange(sandbox, 'x', { signal: AbortSignal.timeout(10) })).rejects.toMatchObject(
      {
        name: 'TimeoutError',
      },
    )
    expect(sandbox.requests).toMatchObject([{ outcome: 'gone', status: null }])
  })

  it('does nothing where the signal has fired before', async () => {
    const sandbox = make()
    const reason = new Error('too late')
    const call = exchange(sandbox, 'x', { signal: AbortSignal.abort(reason) })
    await expect(call).rejects.toBe(reason)
    expect(sandbox.requests).toEqual([])
  })

  it('lets go of a signal that many calls share', async () => {
    const sandbox = make()
    const { signal } = new AbortController()
    const add = jest.spyOn(signal, 'addEventListener')
    const remove = jest.spyOn(signal, 'removeEventListener')
    for (let i = 0; i < 20; i++) await exchange(sandbox, 'x', { signal })
    expect(add).toHaveBeenCalledTimes(20)
    expect(remove).toHaveBeenCalledTimes(20)
  })

  it('waits for a fault’s delay', async () => {
    const sandbox = make()
    sandbox.faults.add({ endpoint: 'jscode2session', delayMs: 5, times: 1 })
    const response = await exchange(sandbox, sandbox.user('a').login())
    expect(await response.json()).toHaveProperty('openid')
  })

  it('rejects what fetch rejects', async () => {
    const sandbox = make()
    const typeError = { name: 'TypeError' }
    await expect(sandbox.fetch('/no/host')).rejects.toMatchObject(typeError)
    await expect(sandbox.fetch('http://x/', { body: 'x' })).rejects.toMatchObject(typeError)
  })

  it('rejects with what the base clock throws', async () => {
    const broken = new Error('no time')
    const sandbox = make({
      now: () => {
        throw broken
      },
    })
    await expect(sandbox.fetch('http://x/__sandbox/clock')).rejects.toBe(broken)
  })

  it('fails after close as towards a dead server, also what is under way', async () => {
    const sandbox = make()
    sandbox.faults.add({ endpoint: 'jscode2session', delayMs: 600_000, times: 1 })
    const waiting = expect(exchange(sandbox, 'x')).rejects.toThrow('fetch failed')
    await new Promise((resolve) => setTimeout(resolve, 5))
    await sandbox.close()
    await waiting
    await expect(exchange(sandbox, 'x')).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
    await sandbox.listen()
    expect((await exchange(sandbox, 'x')).status).toBe(200)
    await sandbox.close()
  })

  it('streams events until the signal fires', async () => {
    const sandbox = make()
    const gone = new AbortController()
    const init = { signal: gone.signal, headers: { 'Last-Event-ID': '0' } }
    await exchange(sandbox, 'before')
    const response = await sandbox.fetch('http://x/__sandbox/events', init)
    const reader = response.body!.getReader()
    const read = async () => Buffer.from((await reader.read()).value).toString()
    expect(await read()).toMatch(/^: /)
    expect(await read()).toMatch(/^id: 1\n/)
    await exchange(sandbox, 'x')
    expect(await read()).toMatch(/^id: 2\n/)
    gone.abort()
    await expect(reader.read()).rejects.toThrow()
  })
})
