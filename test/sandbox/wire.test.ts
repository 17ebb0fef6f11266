import { accessToken, appA, exchange, listen, send, until } from './support.js'
import { detail, fromPhone, logIn, messages, startTarget, watch, withApp } from './wire-support.js'

describe('the wire', () => {
  it('shows a login as it goes: phone to WeChat, phone to server, server to WeChat', async () => {
    await withApp(async (app, sandbox) => {
      await logIn(app, sandbox)
      const shown = (await messages(sandbox)).map(({ from, to, title, user, outcome }) => ({
        way: `${from} → ${to}`,
        title,
        user,
        outcome,
      }))
      const alice = { user: 'alice', outcome: 'answered' }
      expect(shown).toEqual([
        { way: 'phone → wechat', title: 'wx.login', ...alice },
        { way: 'phone → server', title: 'POST /wx/login', ...alice },
        { way: 'server → wechat', title: 'GET /sns/jscode2session', ...alice },
      ])
    })
  })

  it('tells status, errcode, fault and error of each', async () => {
    await withApp(async (app, sandbox) => {
      sandbox.faults.add({ endpoint: 'jscode2session', errcode: 40226, delayMs: 1, times: 1 })
      await logIn(app, sandbox)
      const [, login, session] = await messages(sandbox)
      expect(session).toMatchObject({
        status: 200,
        errcode: 40226,
        fault: 'errcode 40226, delay 1 ms',
        ms: expect.any(Number),
      })
      expect(login).toMatchObject({ status: 403, error: 'WX_USER_BLOCKED', errcode: null })
      // The outer one ended after the inner one had begun.
      expect(login!.endedAfter).toBe(session!.id)
    })
  })

  it('shows a message when it begins, and again, with the same id, when it ends', async () => {
    const sandbox = await listen()
    let answer = (): void => undefined
    const target = await startTarget((res) => {
      answer = () => res.end('{"ok":true}')
    })
    const stream = await watch(sandbox)
    const asked = fromPhone(sandbox, `${target.url}/slow`)
    const begun = await stream.next(({ event }) => event === 'message')
    expect(begun.data).toMatchObject({ outcome: 'open', ms: null, status: null, response: null })
    await until(() => target.received.length === 1)
    answer()
    await asked
    const ended = await stream.next(({ data }) => data.id === begun.data.id)
    expect(ended.data).toMatchObject({ outcome: 'answered', status: 200 })
    expect(ended.data.response).toContainEqual({ field: 'body.ok', value: true, secret: false })
    stream.end()
  })

  it('begins with what is kept, and says when it was cleared', async () => {
    const sandbox = await listen()
    await exchange(sandbox, 'x')
    const stream = await watch(sandbox)
    const first = await stream.next(({ event }) => event === 'message')
    expect(first.data).toMatchObject({ id: 1, errcode: 40029, user: null })
    expect(await send(sandbox, '/__sandbox/wire', undefined, 'DELETE')).toMatchObject({ json: [] })
    expect(await stream.next(({ event }) => event === 'cleared')).toMatchObject({ data: {} })
    expect(await messages(sandbox)).toEqual([])
    expect((await send(sandbox, '/__sandbox/wire/1')).status).toBe(404)
    stream.end()
  })

  it('does not bring back what was cleared while it was under way', async () => {
    const sandbox = await listen()
    sandbox.faults.add({ endpoint: 'jscode2session', delayMs: 50 })
    const asked = exchange(sandbox, 'x')
    while ((await messages(sandbox)).length === 0);
    await send(sandbox, '/__sandbox/wire', undefined, 'DELETE')
    await asked
    expect(await messages(sandbox)).toEqual([])
  })

  it('says when a fault cut the connection and when the caller hung up', async () => {
    const sandbox = await listen()
    sandbox.faults.add({ endpoint: 'jscode2session', drop: 'after', times: 1 })
    sandbox.faults.add({ endpoint: 'jscode2session', delayMs: 60_000, times: 1 })
    await exchange(sandbox, sandbox.user('bob').login()).catch(() => undefined)
    const controller = new AbortController()
    const asked = fetch(`${sandbox.baseUrl}/sns/jscode2session`, { signal: controller.signal })
    while ((await messages(sandbox)).length < 2);
    controller.abort()
    await asked.catch(() => undefined)
    let shown = await messages(sandbox)
    while (shown[1]!.outcome === 'open') shown = await messages(sandbox)
    expect(shown).toMatchObject([
      { outcome: 'dropped', user: 'bob', status: null, fault: 'cut after processing' },
      { outcome: 'gone', status: null, fault: 'delay 60000 ms' },
    ])
  })

  it('knows the user by openid and by the code of a phone number, too', async () => {
    const sandbox = await listen()
    const token = await accessToken(sandbox)
    const query = `?access_token=${token}`
    const { code } = sandbox.user('爱丽丝').phoneNumber()
    await send(sandbox, `/wxa/business/getuserphonenumber${query}`, { code })
    const openid = sandbox.user('bob').openid()
    await send(sandbox, `/wxa/checksession${query}&openid=${openid}`)
    await send(sandbox, `/wxa/business/getuserphonenumber${query}`, '{')
    const shown = await messages(sandbox)
    expect(shown.map(({ user }) => user)).toEqual([null, '爱丽丝', 'bob', null])
  })

  it('shows every call of a phone, and none that was refused', async () => {
    const sandbox = await listen()
    for (const call of ['login', 'check-session', 'user-info', 'phone-number']) {
      await send(sandbox, `/__sandbox/users/alice/${call}`, {})
      await send(sandbox, `/__sandbox/users/alice/${call}`, { appid: 'nobody' })
      await send(sandbox, `/__sandbox/users/alice/${call}`, '[')
    }
    const shown = await messages(sandbox)
    expect(shown.map(({ title }) => title)).toEqual([
      'wx.login',
      'wx.checkSession',
      'wx.getUserInfo',
      'getPhoneNumber',
    ])
    expect(shown[0]!.request).toEqual([{ field: 'value.appid', value: appA.appid, secret: false }])
    expect(shown[1]!.response).toEqual([{ field: 'value.valid', value: true, secret: false }])
  })
})

describe('the memory of the wire', () => {
  it('holds the last 500 messages', async () => {
    const sandbox = await listen()
    for (let i = 0; i < 520; i++) await sandbox.fetch('http://wechat/sns/jscode2session')
    const shown = await messages(sandbox)
    expect([shown.length, shown[0]!.id, shown.at(-1)!.id]).toEqual([500, 21, 520])
  })

  it('keeps no body over 64 kB, and says how large it was', async () => {
    const sandbox = await listen()
    const long = 'x'.repeat(70_000)
    const target = await startTarget((res) => res.end(JSON.stringify({ long })))
    const response = await fromPhone(sandbox, `${target.url}/long`, { long })
    // All of it was passed on all the same.
    expect([target.received[0]!.body.length, (await response.text()).length]).toEqual([
      70_011, 70_011,
    ])
    const { raw: text } = await detail(sandbox, 'POST /long')
    for (const side of [text.request, text.response!]) {
      expect(side).toContain('\n\n(70011 bytes, too many to keep)')
      expect(side.length).toBeLessThan(1500)
    }
  })

  it('lists long values in short, and has them in full in the message', async () => {
    const sandbox = await listen()
    const text = 'word '.repeat(100)
    const target = await startTarget()
    await fromPhone(sandbox, `${target.url}/a`, { text })
    const [message] = await messages(sandbox)
    const listed = message!.request.find(({ field }) => field === 'body.text')!
    expect((listed.value as string).length).toBe(201)
    const full = await detail(sandbox, 'POST /a')
    expect(full.request.find(({ field }) => field === 'body.text')!.value).toBe(text)
  })
})

describe('what WeChat sends a server', () => {
  it('is on the wire: messages and the question for its URL', async () => {
    const sandbox = await listen()
    const target = await startTarget((res, { url }) => {
      res.end(new URL(url, 'http://x').searchParams.get('echostr') ?? 'success')
    })
    const to = { url: `${target.url}/wx/push`, token: 'abc123' }
    await sandbox.verifyUrl(to)
    await sandbox.user('alice').event('user_info_modified', to)
    await sandbox.push({ FromUserName: 'nobody' }, { ...to, url: 'http://127.0.0.1:1/x' })
    expect(await messages(sandbox)).toMatchObject([
      { from: 'wechat', to: 'server', title: 'GET /wx/push', status: 200, user: null },
      { from: 'wechat', to: 'server', title: 'POST /wx/push', status: 200, user: 'alice' },
      { title: 'POST /x', outcome: 'failed', error: 'no answer', status: null, user: null },
    ])
    const { raw: text } = await detail(sandbox, 'POST /wx/push')
    expect(text.request).toMatch(/signature=\*\*\*#[0-9a-f]{8}&timestamp=\d+/)
    expect(text.response).toMatch(/^HTTP\/1\.1 200 OK\n[^]*\n\nsuccess$/)
  })
})

describe('a reader of the wire', () => {
  it('is refused where a hundred read already, and let in when one leaves', async () => {
    const { createWireEvents } = await import('../../src/sandbox/wire/events.js')
    const { createWire } = await import('../../src/sandbox/wire/wire.js')
    const wire = createWire({ now: () => 0 })
    const open = createWireEvents(wire, () => ({ id: 1 }) as never)
    const read = (): (() => void) => {
      const { body } = open()
      return (body as (send: () => boolean) => () => void)(() => true)
    }
    const stops = Array.from({ length: 100 }, read)
    expect(read).toThrow(expect.objectContaining({ code: 'SANDBOX_TOO_MANY' }))
    stops.pop()!()
    stops.push(read())
    for (const stop of stops) stop()
  })

  it('that does not keep up is waited for', async () => {
    const { createWireEvents } = await import('../../src/sandbox/wire/events.js')
    const { createWire } = await import('../../src/sandbox/wire/wire.js')
    const wire = createWire({ now: () => 0 })
    const request = { kind: 'value', value: null } as const
    const title = 'x'
    for (let i = 0; i < 200; i++) wire.begin({ from: 'phone', to: 'wechat', title, request })
    const rendered: number[] = []
    const open = createWireEvents(wire, ({ id }) => {
      rendered.push(id)
      return { id } as never
    })
    let keepsUp = false
    const stop = (open().body as (send: () => boolean) => () => void)(() => keepsUp)
    expect(rendered).toEqual([1])
    keepsUp = true
    await until(() => rendered.length === 200)
    expect(rendered).toEqual(Array.from({ length: 200 }, (_, i) => i + 1))
    stop()
  })

  it('costs no more than 32 MB, however large the bodies are', async () => {
    const { createWire } = await import('../../src/sandbox/wire/wire.js')
    const wire = createWire({ now: () => 0 }, 5000)
    const body = 'x'.repeat(64 * 1024)
    const http = { kind: 'http', line: 'POST / HTTP/1.1', headers: [], body } as const
    for (let i = 0; i < 1000; i++) {
      const { end } = wire.begin({ from: 'phone', to: 'server', title: 'x', request: http })
      end({ outcome: 'answered', response: http })
    }
    expect(wire.list()).toHaveLength(256)
    wire.clear()
    expect(wire.list()).toEqual([])
    wire.begin({ from: 'phone', to: 'server', title: 'x', request: http })
    expect(wire.list()).toHaveLength(1)
  })

  it('sees the first end of an exchange, and no second one', async () => {
    const { createWire } = await import('../../src/sandbox/wire/wire.js')
    const wire = createWire({ now: () => 0 })
    const request = { kind: 'command', args: ['GET', 'x'.repeat(70_000)] } as const
    const { end } = wire.begin({ from: 'server', to: 'redis', title: 'GET x', request })
    end({ outcome: 'answered', response: { kind: 'value', value: 'y'.repeat(70_000) } })
    end({ outcome: 'gone' })
    expect(wire.list()).toMatchObject([
      {
        start: { request: { args: ['GET', '(70000 bytes, too many to keep)'] } },
        end: { outcome: 'answered', response: { value: '(70000 bytes, too many to keep)' } },
      },
    ])
  })
})
