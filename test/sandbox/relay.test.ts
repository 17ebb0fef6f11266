import type http from 'node:http'
import net from 'node:net'
import { gzipSync } from 'node:zlib'
import { createRelay } from '../../src/sandbox/relay/relay.js'
import { createWire } from '../../src/sandbox/wire/wire.js'
import { appA, appB, listen, raw, until } from './support.js'
import { detail, fromPhone, messages, relayed, startTarget } from './wire-support.js'

const errorOf = async (response: Response): Promise<[number, string, string | null]> => {
  const { error } = (await response.json()) as { error: { code: string } }
  return [response.status, error.code, response.headers.get('x-sandbox-error')]
}

/** What `errorOf` tells of a server that cannot be reached. */
const down = [502, 'SANDBOX_TARGET_DOWN', 'SANDBOX_TARGET_DOWN']

describe('the relay', () => {
  it.each(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'])(
    'passes %s on: path, query, body, status and headers',
    async (method) => {
      const sandbox = await listen()
      const target = await startTarget((res) => {
        res.writeHead(207, { 'X-Own': 'yes', 'Content-Type': 'text/plain' }).end('answer')
      })
      const body = ['GET', 'HEAD'].includes(method) ? undefined : 'body 中'
      const url = relayed(sandbox, `${target.url}/a%20b/c?x=1&y=%E4%B8%AD`)
      const response = await fetch(url, { method, ...(body && { body }) })
      expect(target.received).toMatchObject([{ method, url: '/a%20b/c?x=1&y=%E4%B8%AD' }])
      expect(target.received[0]!.body.toString()).toBe(body ?? '')
      expect([response.status, response.headers.get('x-own')]).toEqual([207, 'yes'])
      expect(response.headers.get('content-type')).toBe('text/plain')
      expect(await response.text()).toBe(method === 'HEAD' ? '' : 'answer')
      expect(await messages(sandbox)).toMatchObject([
        { from: 'phone', to: 'server', title: `${method} /a%20b/c`, status: 207 },
      ])
    },
  )

  it('shows the server what a phone sends, and nothing of the browser', async () => {
    const sandbox = await listen()
    const target = await startTarget()
    await raw(sandbox, new URL(relayed(sandbox, `${target.url}/x`)).pathname, {
      headers: {
        authorization: 'Bearer t',
        'content-type': 'application/json',
        'x-own': '1',
        accept: '*/*',
        'accept-language': 'de',
        'accept-encoding': 'gzip, deflate, br, zstd',
        cookie: 'page=1',
        origin: sandbox.baseUrl,
        referer: `${sandbox.baseUrl}/__sandbox`,
        'user-agent': 'Mozilla/5.0 (X11) Chrome/1',
        'sec-fetch-site': 'same-origin',
        'sec-fetch-mode': 'cors',
        'sec-ch-ua': '"Chromium"',
        'x-sandbox-user': 'alice',
        'if-none-match': '"1"',
        'x-forwarded-for': '1.2.3.4',
      },
    })
    expect(target.received[0]!.headers).toEqual({
      host: new URL(target.url).host,
      connection: 'close',
      authorization: 'Bearer t',
      'content-type': 'application/json',
      'x-own': '1',
      'accept-encoding': 'gzip',
      'user-agent': expect.stringContaining(' MicroMessenger/8'),
      referer: `https://servicewechat.com/${appA.appid}/devtools/page-frame.html`,
    })
  })

  it('says whose phone it is, and which mini program', async () => {
    const sandbox = await listen()
    const target = await startTarget()
    const user = '爱丽丝 100%'
    await fromPhone(sandbox, `${target.url}/x`, undefined, { user, 'x-sandbox-appid': appB.appid })
    expect(target.received[0]!.headers.referer).toContain(appB.appid)
    expect(await messages(sandbox)).toMatchObject([{ user }])
  })

  it('keeps what the server sets from acting on the sandbox’ own page', async () => {
    const sandbox = await listen()
    const target = await startTarget((res) => {
      res
        .setHeader('Set-Cookie', ['a=1', 'b=2'])
        .setHeader('Clear-Site-Data', '"*"')
        .setHeader('Strict-Transport-Security', 'max-age=9')
        .setHeader('Access-Control-Allow-Origin', '*')
        .setHeader('Content-Security-Policy', "default-src 'unsafe-inline'")
        .setHeader('Content-Type', 'text/html')
        .end('<script>fetch("/__sandbox/faults")</script>')
    })
    const { headers } = await fromPhone(sandbox, `${target.url}/x`)
    for (const name of [
      'set-cookie',
      'clear-site-data',
      'strict-transport-security',
      'access-control-allow-origin',
    ]) {
      expect([name, headers.get(name)]).toEqual([name, null])
    }
    expect(headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    // The wire still shows them, masked.
    const { raw: text } = await detail(sandbox, 'GET /x')
    expect(text.response).toMatch(/Set-Cookie: \*\*\*\n/)
  })

  it('passes a redirect on, its target by way of the relay', async () => {
    const sandbox = await listen()
    const other = await startTarget((res) => res.end('there'))
    const target = await startTarget((res, { url }) => {
      const [, to = ''] = /\?(.*)/.exec(url) ?? []
      res.writeHead(302, { Location: decodeURIComponent(to) }).end()
    })
    const locationFor = async (to: string): Promise<string | null> => {
      const url = relayed(sandbox, `${target.url}/a/b?${encodeURIComponent(to)}`)
      const response = await fetch(url, { redirect: 'manual' })
      expect(response.status).toBe(302)
      return response.headers.get('location')
    }
    const own = new URL(relayed(sandbox, `${target.url}/`)).pathname
    expect(await locationFor('c?d')).toBe(`${own}a/c?d`)
    expect(await locationFor('/c')).toBe(`${own}c`)
    expect(await locationFor('weixin://dl')).toBe('weixin://dl')
    expect(await locationFor('http://[')).toBe('http://[')
    const to = new URL(relayed(sandbox, `${other.url}/z`)).pathname
    expect(await locationFor(`${other.url}/z`)).toBe(to)
    // As wx.request does, a browser follows; each hop is a message.
    const followed = await fromPhone(
      sandbox,
      `${target.url}/a?${encodeURIComponent(`${other.url}/z`)}`,
    )
    expect(await followed.text()).toBe('there')
    expect((await messages(sandbox)).slice(-2)).toMatchObject([
      { title: 'GET /a', status: 302, user: 'alice' },
      { title: 'GET /z', status: 200, user: 'alice' },
    ])
  })

  it('passes bytes and compressed answers on as they are, and reads them for the wire', async () => {
    const sandbox = await listen()
    const bytes = Buffer.from(Array.from({ length: 512 }, (_, i) => i % 256))
    const target = await startTarget((res, { url, body }) => {
      if (url === '/bytes') res.end(body)
      else {
        res.setHeader('Content-Encoding', 'gzip').setHeader('Content-Type', 'application/json')
        res.end(gzipSync('{"hello":"world"}'))
      }
    })
    const url = relayed(sandbox, `${target.url}/bytes`)
    const response = await fetch(url, { method: 'PUT', body: bytes })
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true)
    expect(await (await fromPhone(sandbox, `${target.url}/gzip`)).json()).toEqual({
      hello: 'world',
    })
    const { response: shown } = await detail(sandbox, 'GET /gzip')
    expect(shown).toContainEqual({ field: 'body.hello', value: 'world', secret: false })
    expect((await detail(sandbox, 'PUT /bytes')).raw.response).toMatch(/\(512 bytes, of no type\)$/)
  })

  it('passes 1 MB on, either way, and no more', async () => {
    const sandbox = await listen()
    const limit = 1024 * 1024
    const target = await startTarget((res, { url, body }) => {
      res.end(Buffer.alloc(body.length + (url === '/more' ? 1 : 0)))
    })
    const ask = (path: string, length: number): Promise<Response> =>
      fetch(relayed(sandbox, target.url + path), { method: 'POST', body: Buffer.alloc(length) })
    const most = await ask('/same', limit)
    expect([most.status, (await most.arrayBuffer()).byteLength]).toEqual([200, limit])
    const tooLarge = [413, 'SANDBOX_TOO_LARGE', 'SANDBOX_TOO_LARGE']
    expect(await errorOf(await ask('/same', limit + 1))).toEqual(tooLarge)
    expect(target.received).toHaveLength(1)
    expect(await errorOf(await ask('/more', limit))).toEqual(tooLarge)
    expect(await messages(sandbox)).toMatchObject([
      { outcome: 'answered' },
      { outcome: 'failed', error: 'SANDBOX_TOO_LARGE' },
    ])
  })

  it('says clearly that nothing listens, and goes on', async () => {
    const sandbox = await listen()
    const target = await startTarget()
    const probe = net.createServer()
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
    const { port } = probe.address() as net.AddressInfo
    await new Promise((resolve) => probe.close(resolve))
    const dead = await fromPhone(sandbox, `http://127.0.0.1:${String(port)}/wx/login`, {})
    const { error } = (await dead.clone().json()) as { error: { message: string } }
    expect(await errorOf(dead)).toEqual(down)
    expect(error.message).toBe(
      `http://127.0.0.1:${String(port)} cannot be reached: nothing listens there. Does your server run, and on this port?`,
    )
    expect(await messages(sandbox)).toMatchObject([
      { outcome: 'failed', status: null, error: 'SANDBOX_TARGET_DOWN (ECONNREFUSED)' },
    ])
    expect((await fromPhone(sandbox, target.url)).status).toBe(200)
  })

  it.each([
    ['cuts the connection', (res: http.ServerResponse) => res.destroy()],
    [
      'cuts it in the middle of its answer',
      (res: http.ServerResponse) => {
        res.writeHead(200, { 'Content-Length': 9 }).write('half')
        setTimeout(() => res.destroy(), 5)
      },
    ],
  ])('says so where the server %s', async (_, answer) => {
    const sandbox = await listen()
    const target = await startTarget(answer)
    expect(await errorOf(await fromPhone(sandbox, target.url))).toEqual(down)
  })

  it('says so where what listens does not speak HTTP', async () => {
    const sandbox = await listen()
    const server = net.createServer((socket) => socket.resume().end('-ERR wrong protocol\r\n'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as net.AddressInfo
    const response = await fromPhone(sandbox, `http://127.0.0.1:${String(port)}/`)
    expect(await errorOf(response)).toEqual(down)
    await new Promise((resolve) => server.close(resolve))
  })

  it('says so where the server answers in another protocol', async () => {
    const sandbox = await listen()
    const server = net.createServer((socket) => {
      socket
        .resume()
        .write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n')
      socket.on('error', () => undefined)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as net.AddressInfo
    const response = await fromPhone(sandbox, `http://127.0.0.1:${String(port)}/`)
    expect(await errorOf(response)).toEqual(down)
    await new Promise((resolve) => server.close(resolve))
  })

  it('says so where the server speaks no TLS', async () => {
    const sandbox = await listen()
    const target = await startTarget()
    const response = await fromPhone(sandbox, target.url.replace('http:', 'https:'))
    expect(await errorOf(response)).toEqual(down)
    expect(target.received).toEqual([])
  })

  it('passes on a query without a path, and headers that come more than once', async () => {
    const sandbox = await listen()
    const target = await startTarget((res) => {
      res.writeHead(200, ['X-Own', 'a', 'X-Own', 'b', 'Content-Length', '0']).end()
    })
    const relay = `${sandbox.baseUrl}/__sandbox/relay/${encodeURIComponent(target.url)}`
    const response = await fetch(`${relay}?a=1`)
    expect(target.received).toMatchObject([{ url: '/?a=1' }])
    expect(response.headers.get('x-own')).toBe('a, b')
  })

  it('hangs up on the server when the phone hangs up', async () => {
    const sandbox = await listen()
    let gone = false
    const target = await startTarget((res) => res.on('close', () => (gone = true)))
    const controller = new AbortController()
    const asked = fetch(relayed(sandbox, target.url), { signal: controller.signal })
    await until(() => target.received.length === 1)
    controller.abort()
    await expect(asked).rejects.toThrow()
    await until(() => gone)
    let shown = await messages(sandbox)
    while (shown[0]!.outcome === 'open') shown = await messages(sandbox)
    expect(shown).toMatchObject([{ outcome: 'gone', status: null }])
  })

  it('waits as long as wx.request does, and no longer', async () => {
    const target = await startTarget(() => undefined)
    const wire = createWire({ now: () => 0 })
    const parts = { wire, target: () => null, pushTargets: [], referer: () => '' }
    const relay = createRelay({ ...parts, timeout: 20 })
    const { pathname } = new URL(relayed({ baseUrl: 'http://x' } as never, target.url))
    const request = {
      method: 'GET',
      url: pathname,
      rawHeaders: [],
      body: Buffer.alloc(0),
      local: true,
    }
    const reply = await relay(request, new AbortController().signal)
    expect(reply).toMatchObject({
      status: 504,
      headers: { 'X-Sandbox-Error': 'SANDBOX_TARGET_TIMEOUT' },
    })
    expect(wire.list()).toMatchObject([{ end: { outcome: 'failed' } }])
  })

  it.each([
    ['no origin', '', 400],
    ['no URL', 'nonsense', 400],
    ['another protocol', 'file:///etc/passwd', 400],
    ['a path', 'http://127.0.0.1:1/path', 400],
    ['a user', 'http://a:b@127.0.0.1:1', 400],
    ['a default port', 'http://127.0.0.1:80', 400],
    ['another machine', 'http://10.0.0.1', 403],
    ['a name that begins like this machine’s', 'http://127.0.0.1.evil.example', 403],
    ['the address of a cloud’s metadata', 'http://169.254.169.254', 403],
  ])('refuses %s as target', async (_, origin, status) => {
    const sandbox = await listen()
    const url = `${sandbox.baseUrl}/__sandbox/relay/${encodeURIComponent(origin)}/x`
    const code = status === 400 ? 'SANDBOX_BAD_REQUEST' : 'SANDBOX_FORBIDDEN'
    expect(await errorOf(await fetch(url))).toEqual([status, code, code])
    expect((await fetch(`${sandbox.baseUrl}/__sandbox/relay/%ff/x`)).status).toBe(400)
    expect(await messages(sandbox)).toEqual([])
  })

  it.each([
    [{ 'x-sandbox-user': ' '.repeat(3) + '%00' }, 400],
    [{ 'x-sandbox-user': 'x'.repeat(65) }, 400],
    [{ 'x-sandbox-appid': 'nobody' }, 400],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
  ])('refuses %j and sends nothing', async (headers, status) => {
    const sandbox = await listen()
    const target = await startTarget()
    const { pathname } = new URL(relayed(sandbox, target.url))
    expect((await raw(sandbox, pathname, { headers })).status).toBe(status)
    expect(target.received).toEqual([])
    expect(await messages(sandbox)).toEqual([])
  })

  it('passes a probe on without a word on the wire', async () => {
    const sandbox = await listen()
    const target = await startTarget()
    const probe = { 'x-sandbox-probe': '1' }
    expect((await fromPhone(sandbox, target.url, undefined, probe)).status).toBe(200)
    expect(target.received[0]!.headers).not.toHaveProperty('x-sandbox-probe')
    const dead = await fromPhone(sandbox, 'http://127.0.0.1:1', undefined, probe)
    expect(await errorOf(dead)).toEqual(down)
    expect(await messages(sandbox)).toEqual([])
  })

  it('refuses other methods', async () => {
    const sandbox = await listen()
    const target = await startTarget()
    const { pathname } = new URL(relayed(sandbox, target.url))
    expect((await raw(sandbox, pathname, { method: 'PROPFIND' })).status).toBe(405)
    expect(target.received).toEqual([])
  })

  it('reaches for callers on other machines the target and what was allowed, nothing else', async () => {
    const target = await startTarget()
    const other = await startTarget()
    const relay = createRelay({
      wire: createWire({ now: () => 0 }),
      target: () => `${target.url}/api`,
      pushTargets: [],
      referer: () => '',
    })
    const ask = async (url: string): Promise<number> => {
      const { pathname } = new URL(relayed({ baseUrl: 'http://x' } as never, url))
      const request = {
        method: 'GET',
        url: pathname,
        rawHeaders: [],
        body: Buffer.alloc(0),
        local: false,
      }
      return (await relay(request, new AbortController().signal))!.status
    }
    expect(await ask(target.url)).toBe(200)
    expect(await ask(other.url)).toBe(403)
    expect(other.received).toEqual([])
  })
})

describe('sandbox.target', () => {
  it('is what the page is told, may be set at any time, and is a URL', async () => {
    const sandbox = await listen({ target: 'http://localhost:3000/' })
    expect(sandbox.target).toBe('http://localhost:3000')
    sandbox.target = 'https://example.com/api/'
    expect(sandbox.target).toBe('https://example.com/api')
    for (const wrong of ['nonsense', 'ftp://a', 'http://a:b@c', 'http://a/?q', 7 as never]) {
      expect(() => {
        sandbox.target = wrong
      }).toThrow(expect.objectContaining({ code: 'SANDBOX_BAD_REQUEST' }))
    }
    expect(sandbox.target).toBe('https://example.com/api')
    sandbox.target = undefined
    expect(sandbox.target).toBeNull()
    await expect(listen({ target: 'nonsense' })).rejects.toThrow(/target: /)
  })

  it('may be another machine, and the relay goes there', async () => {
    const sandbox = await listen({ target: 'http://192.0.2.1:9' })
    const { pathname } = new URL(relayed(sandbox, 'http://192.0.2.1:9/'))
    const controller = new AbortController()
    const asked = fetch(sandbox.baseUrl + pathname, { signal: controller.signal }).catch(() => null)
    let shown = await messages(sandbox)
    while (shown.length === 0) shown = await messages(sandbox)
    controller.abort()
    await asked
    expect(shown).toMatchObject([{ from: 'phone', to: 'server', title: 'GET /' }])
  })
})

describe('a request that is to arrive several times at once', () => {
  it('arrives so often before any is answered, and each answer comes back', async () => {
    const sandbox = await listen()
    const held: http.ServerResponse[] = []
    const target = await startTarget((res) => {
      held.push(res)
      if (held.length < 10) return
      for (const [i, one] of held.entries()) one.writeHead(200 + i).end(`answer ${String(i)}`)
    })
    const response = await fetch(relayed(sandbox, `${target.url}/login`), {
      method: 'POST',
      body: '{"code":"1"}',
      headers: { 'X-Sandbox-Copies': '10', 'Content-Type': 'application/json' },
    })
    const answers = (await response.json()) as { status: number; body: string }[]
    expect(answers.map(({ status }) => status).sort()).toEqual(
      Array.from({ length: 10 }, (_, i) => 200 + i),
    )
    expect(target.received).toHaveLength(10)
    expect(target.received[0]!.headers).not.toHaveProperty('x-sandbox-copies')
  })

  it.each(['0', '21', 'many', '-1', '1.5'])(
    '%s is refused, and nothing arrives',
    async (copies) => {
      const sandbox = await listen()
      const target = await startTarget()
      const response = await fetch(relayed(sandbox, target.url), {
        headers: { 'X-Sandbox-Copies': copies },
      })
      expect(response.status).toBe(400)
      expect(response.headers.get('x-sandbox-error')).toBe('SANDBOX_BAD_REQUEST')
      expect(target.received).toEqual([])
    },
  )
})
