import { createSandbox, type Sandbox, type SandboxRequest } from '../../src/sandbox/index.js'
import { accessToken, exchange, lastRequest, listen, raw, send, until } from './support.js'

describe('the journal', () => {
  it('has what was received and answered, oldest first, with secrets masked', async () => {
    const sandbox = await listen({ now: () => 1_700_000_000_000 })
    const alice = sandbox.user('alice')
    const code = alice.login()
    await exchange(sandbox, code)
    await exchange(sandbox, code)
    const [first, second] = sandbox.requests
    expect(first).toEqual({
      id: 1,
      time: 1_700_000_000_000,
      method: 'GET',
      path: '/sns/jscode2session',
      query: {
        appid: sandbox.appid,
        secret: '***',
        js_code: expect.stringMatching(/^\*\*\*#[0-9a-f]{8}$/),
        grant_type: 'authorization_code',
      },
      outcome: 'answered',
      status: 200,
      errcode: 0,
      reply: {
        session_key: expect.stringMatching(/^\*\*\*#[0-9a-f]{8}$/),
        openid: alice.openid(),
      },
      ms: expect.any(Number),
    })
    expect(second).toMatchObject({ id: 2, status: 200, errcode: 40163 })
    // The same code shows the same fingerprint.
    expect(second!.query['js_code']).toBe(first!.query['js_code'])
  })

  it('says dropped and delayed requests and the fault that met them', async () => {
    const sandbox = await listen()
    sandbox.faults.add({ endpoint: 'jscode2session', drop: 'after', times: 1 })
    sandbox.faults.add({ endpoint: 'jscode2session', errcode: -1, delayMs: 1, times: 1 })
    sandbox.faults.add({ endpoint: 'jscode2session', status: 502, times: 1 })
    sandbox.faults.add({ endpoint: 'jscode2session', body: 'secret body', times: 1 })
    await exchange(sandbox, sandbox.user('a').login()).catch(() => undefined)
    for (let i = 0; i < 3; i++) await exchange(sandbox, 'x')
    expect(sandbox.requests).toMatchObject([
      { outcome: 'dropped', status: null, errcode: null, fault: { drop: 'after' } },
      { outcome: 'answered', status: 200, errcode: -1, fault: { errcode: -1, delayMs: 1 } },
      { outcome: 'answered', status: 502, errcode: null, fault: { status: 502 } },
      { outcome: 'answered', status: 200, errcode: null, fault: {} },
    ])
    expect(sandbox.requests[0]).not.toHaveProperty('reply')
    expect(JSON.stringify(sandbox.requests)).not.toContain('secret body')
  })

  it('keeps the last requests only', async () => {
    const sandbox = await listen({ journalSize: 3 })
    for (let i = 0; i < 5; i++) await exchange(sandbox, 'x')
    expect(sandbox.requests.map(({ id }) => id)).toEqual([3, 4, 5])
  })

  it('is a copy', async () => {
    const sandbox = await listen()
    await exchange(sandbox, 'x')
    sandbox.requests[0]!.path = 'changed'
    sandbox.requests.pop()
    expect(sandbox.requests).toMatchObject([{ path: '/sns/jscode2session' }])
  })

  it('leaves the control surface out', async () => {
    const sandbox = await listen()
    await send(sandbox, '/__sandbox/requests')
    await send(sandbox, '/')
    expect(sandbox.requests).toEqual([])
  })
})

describe('secrets', () => {
  /** Everything that would let somebody be a server or a user. */
  async function useAll(sandbox: Sandbox): Promise<string[]> {
    const alice = sandbox.user('alice')
    const { appid, secret } = sandbox
    const code = alice.login()
    const { json } = await exchange(sandbox, code)
    const token = await accessToken(sandbox)
    const phone = alice.phoneNumber()
    const key = alice.sessionKey()
    const signature = 'd'.repeat(64)
    const at = `?access_token=${token}`
    await send(sandbox, `/wxa/business/getuserphonenumber${at}`, { code: phone.code })
    await send(sandbox, `/wxa/checksession${at}&openid=${alice.openid()}&signature=${signature}`)
    const plain = await send(
      sandbox,
      `/cgi-bin/token?grant_type=client_credential&appid=${appid}&secret=${secret}`,
    )
    // In the wrong place, under the wrong name.
    await exchange(sandbox, code, { appid: secret, secret: undefined, AppSecret: secret, code })
    await exchange(sandbox, secret, { openid: code, grant_type: token, unionid: key, errmsg: key })
    await exchange(sandbox, undefined, { openid: phone.code, [secret]: '', [key]: 'x' })
    await send(sandbox, `/sns/${secret}`)
    await send(sandbox, `/cgi-bin/stable_token`, {
      appid: { nested: secret },
      secret: [secret],
      phone_info: { nested: secret },
      grant_type: null,
      extra: code,
    })
    await send(sandbox, `/cgi-bin/stable_token`, `secret=${secret}`)
    await send(sandbox, `/cgi-bin/stable_token`, `["${secret}"]`)
    const tokens = [token, plain.json.access_token]
    return [secret, code, key, json.session_key, phone.code, signature, ...tokens]
  }

  it('stand in no journal entry and in no event, whatever field they came in', async () => {
    const sandbox = await listen({ rateLimit: 0 })
    const events = openEvents(sandbox)
    await until(() => events.text.startsWith(':'))
    const secrets = await useAll(sandbox)
    await until(() => events.text.includes('"no JSON') || events.entries().length >= 11)
    const served = await send(sandbox, '/__sandbox/requests')
    events.stop()
    expect(served.json).toEqual(sandbox.requests)
    for (const secret of secrets) {
      expect(JSON.stringify(sandbox.requests)).not.toContain(secret)
      expect(JSON.stringify(served.json)).not.toContain(secret)
      expect(events.text).not.toContain(secret)
      expect(events.text).not.toContain(encodeURIComponent(secret))
    }
    expect(sandbox.requests.at(-1)).toMatchObject({ body: expect.stringMatching(/no JSON object/) })
  })

  it('shows the phone number the sandbox made up, and what is harmless', async () => {
    const sandbox = await listen()
    const token = await accessToken(sandbox)
    const { code } = sandbox.user('alice').phoneNumber()
    const path = `/wxa/business/getuserphonenumber?access_token=${token}`
    await send(sandbox, path, { code, openid: sandbox.user('alice').openid() })
    expect(lastRequest(sandbox)).toMatchObject({
      query: { access_token: expect.stringMatching(/^\*\*\*#/) },
      body: { code: expect.stringMatching(/^\*\*\*#/), openid: sandbox.user('alice').openid() },
      reply: { errcode: 0, phone_info: { phoneNumber: expect.stringMatching(/^139/) } },
    })
  })

  it('keeps long values and many fields short', async () => {
    const sandbox = await listen()
    const many = Array.from({ length: 50 }, (_, i) => [`openid${i}`, '1'] as [string, string])
    const query = new URLSearchParams([['openid', 'o'.repeat(5000)], ...many])
    await send(sandbox, `/sns/jscode2session?${query.toString()}`)
    const shown = lastRequest(sandbox).query
    expect(shown['openid']).toHaveLength(200)
    expect(Object.keys(shown)).toHaveLength(20)
  })
})

interface Events {
  text: string
  /** Whether the sandbox took it. */
  answered: Promise<boolean>
  entries(): SandboxRequest[]
  stop(): void
}

function openEvents(sandbox: Sandbox, headers: Record<string, string> = {}): Events {
  const gone = new AbortController()
  const url = `${sandbox.baseUrl}/__sandbox/events`
  const response = fetch(url, { headers, signal: gone.signal })
  const events: Events = {
    text: '',
    answered: response.then(({ status }) => status === 200),
    entries: () =>
      [...events.text.matchAll(/^data: (.*)$/gm)].map(
        (match) => JSON.parse(match[1]!) as SandboxRequest,
      ),
    stop: () => gone.abort(),
  }
  const read = async (): Promise<void> => {
    const { body, headers: received } = await response
    expect(received.get('content-type')).toBe('text/event-stream')
    const decoder = new TextDecoder()
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
      events.text += decoder.decode(chunk, { stream: true })
    }
  }
  read().catch(() => undefined)
  return events
}

describe('the events', () => {
  it('tell each request as it comes, with its id', async () => {
    const sandbox = await listen()
    await exchange(sandbox, 'before')
    const events = openEvents(sandbox)
    await until(() => events.text !== '')
    await exchange(sandbox, 'x')
    await until(() => events.entries().length === 1)
    expect(events.text).toMatch(/\nid: 2\nevent: request\ndata: \{/)
    expect(events.entries()).toEqual([lastRequest(sandbox)])
    events.stop()
  })

  it('begin with what a browser missed', async () => {
    const sandbox = await listen()
    for (let i = 0; i < 3; i++) await exchange(sandbox, 'x')
    const events = openEvents(sandbox, { 'Last-Event-ID': '1' })
    await until(() => events.entries().length === 2)
    expect(events.entries().map(({ id }) => id)).toEqual([2, 3])
    events.stop()
  })

  it('end with the sandbox, and are bounded in number', async () => {
    const sandbox = await listen()
    const streams = Array.from({ length: 100 }, () => openEvents(sandbox))
    await until(() => streams.every(({ text }) => text !== ''))
    const more = await raw(sandbox, '/__sandbox/events')
    expect([more.status, JSON.parse(more.body).error.code]).toEqual([429, 'SANDBOX_TOO_MANY'])
    streams[0]!.stop()
    // The place is free as soon as the sandbox has seen the first one go.
    let next = openEvents(sandbox)
    while (!(await next.answered)) next = openEvents(sandbox)
    await sandbox.close()
  })

  it('are sent a sign of life', async () => {
    const doNotFake = ['nextTick', 'queueMicrotask', 'setImmediate', 'setTimeout'] as const
    jest.useFakeTimers({ doNotFake: [...doNotFake] })
    try {
      const sandbox = createSandbox()
      const response = await sandbox.fetch('http://sandbox/__sandbox/events')
      const reader = response.body!.getReader()
      await reader.read()
      jest.advanceTimersByTime(15_000)
      expect(Buffer.from((await reader.read()).value).toString()).toBe(':\n\n')
      await reader.cancel()
      expect(jest.getTimerCount()).toBe(0)
    } finally {
      jest.useRealTimers()
    }
  })
})
