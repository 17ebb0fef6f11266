import { createSandbox, type SandboxWxCode, type SandboxWxReply } from '../../src/sandbox/index.js'
import { call, echo, hold, request, serve, upload } from './phone-support.js'
import { until } from './support.js'

interface Echo {
  method: string
  url: string
  headers: Record<string, string>
  body: string
}

const sandbox = createSandbox()
const start = () => sandbox.phone('alice')

async function ask(options: Omit<Parameters<typeof request>[1], 'url'>, path = '/'): Promise<Echo> {
  const { url } = await echo()
  const { success } = await request(start().wx, { url: url + path, ...options })
  return success!.data as Echo
}

describe('what wx.request sends', () => {
  it('an object as JSON', async () => {
    const sent = await ask({ method: 'POST', data: { a: '爱' } })
    expect(sent).toMatchObject({ method: 'POST', body: '{"a":"爱"}' })
    expect(sent.headers['content-type']).toBe('application/json')
  })

  it('an object as a form, where its content-type says so in whatever letters', async () => {
    const header = { 'Content-Type': 'application/x-www-form-urlencoded' }
    const sent = await ask({ method: 'POST', header, data: { a: '1 2', b: [3] } })
    expect(sent.body).toBe('a=1%202&b=%5B3%5D')
    expect(sent.headers['content-type']).toBe('application/x-www-form-urlencoded')
  })

  it('text and bytes as they are', async () => {
    expect((await ask({ method: 'POST', data: 'as is' })).body).toBe('as is')
    const data = new TextEncoder().encode('bytes').buffer
    expect((await ask({ method: 'PUT', data })).body).toBe('bytes')
  })

  it('the data of a GET in the URL', async () => {
    expect((await ask({ data: { q: 'a&b', n: 1 } }, '/find')).url).toBe('/find?q=a%26b&n=1')
    expect((await ask({ data: { n: 1 } }, '/find?q=a#part')).url).toBe('/find?q=a&n=1')
    expect((await ask({ data: 'q=a' }, '/find')).url).toBe('/find?q=a')
    expect((await ask({ data: {} }, '/find')).url).toBe('/find')
  })

  it('the Referer of WeChat, which a mini program cannot change', async () => {
    const { headers } = await ask({ header: { referer: 'https://elsewhere.example', 'X-Own': 1 } })
    expect(headers['referer']).toBe(`https://servicewechat.com/${sandbox.appid}/0/page-frame.html`)
    expect(headers['x-own']).toBe('1')
  })
})

describe('what wx.request gives', () => {
  it('the status, the data and request:ok, whatever the status', async () => {
    const { url } = await serve((_req, res) => {
      res.writeHead(500, { 'content-type': 'text/plain' }).end('{"a":1}')
    })
    const told = await request(start().wx, { url })
    expect(told.order).toEqual(['success', 'complete'])
    expect(told.success).toMatchObject({ statusCode: 500, data: { a: 1 }, errMsg: 'request:ok' })
  })

  it.each([
    ['parsed, whatever type the server names', {}, '[1]', [1]],
    ['as text, where it is no JSON', {}, 'hello', 'hello'],
    ['as text, where another dataType is asked for', { dataType: 'text' }, '[1]', '[1]'],
    ['without its byte order mark', {}, '\ufeff{"a":1}', { a: 1 }],
    ['as empty text, where there is none', {}, '', ''],
  ])('data %s', async (_, options, body, expected) => {
    const { url } = await serve((_req, res) => void res.end(body))
    expect((await request(start().wx, { url, ...options })).success?.data).toEqual(expected)
  })

  it('bytes, where they are asked for', async () => {
    const { url } = await serve((_req, res) => void res.end('abc'))
    const { success } = await request(start().wx, { url, responseType: 'arraybuffer' })
    expect(new TextDecoder().decode(success!.data as ArrayBuffer)).toBe('abc')
  })

  it('header names in letters that change, so that nobody counts on them', async () => {
    const { url } = await serve((_req, res) => {
      res.writeHead(200, { 'Retry-After': '3' }).end()
    })
    const { wx } = start()
    const seen = new Set<string>()
    for (let i = 0; i < 12; i++) {
      const { header } = (await request(wx, { url })).success!
      const names = Object.keys(header).filter((name) => name.toLowerCase() === 'retry-after')
      expect(names.map((name) => header[name])).toEqual(['3'])
      seen.add(names[0]!)
    }
    expect(seen.size).toBeGreaterThan(2)
  })

  it('cookies as a list; in the header they come joined or as a list, depending on the phone', async () => {
    const { url } = await serve((_req, res) => {
      res.writeHead(200, { 'set-cookie': ['a=1; Path=/', 'b=2'] }).end()
    })
    const { wx } = start()
    const shapes = new Set<unknown>()
    for (let i = 0; i < 12; i++) {
      const { header, cookies } = (await request(wx, { url })).success!
      expect(cookies).toEqual(['a=1; Path=/', 'b=2'])
      const name = Object.keys(header).find((one) => one.toLowerCase() === 'set-cookie')!
      shapes.add(JSON.stringify(header[name]))
    }
    expect(shapes).toEqual(new Set(['"a=1; Path=/,b=2"', '["a=1; Path=/","b=2"]']))
  })

  it('the redirect itself, where it is not to be followed', async () => {
    const { url } = await serve((req, res) => {
      if (req.url === '/end') res.end('"end"')
      else res.writeHead(302, { location: '/end' }).end()
    })
    const { wx } = start()
    expect((await request(wx, { url })).success).toMatchObject({ statusCode: 200, data: 'end' })
    expect((await request(wx, { url, redirect: 'manual' })).success?.statusCode).toBe(302)
  })

  it('the headers before the end, to those who listen', async () => {
    const { url } = await serve((_req, res) => {
      res.writeHead(201, { 'x-a': '1' }).end()
    })
    const order: string[] = []
    const never = () => void order.push('never')
    await call<SandboxWxReply>((callbacks) => {
      const task = start().wx.request({ url, ...callbacks })
      task.onHeadersReceived(never)
      task.offHeadersReceived(never)
      task.onHeadersReceived(never)
      task.offHeadersReceived()
      task.onHeadersReceived(({ statusCode }) => order.push(String(statusCode)))
    })
    expect(order).toEqual(['201'])
  })
})

describe('how wx.request fails', () => {
  it('at a URL that is none', async () => {
    for (const url of ['/me', 'ftp://example.com/', 'http://', undefined as unknown as string]) {
      expect((await request(start().wx, { url })).fail).toEqual({
        errMsg: `request:fail invalid url "${url}"`,
        errno: 600009,
      })
    }
  })

  it('where nobody listens, and where the connection is cut', async () => {
    const { url } = await serve((req) => req.socket.destroy())
    expect((await request(start().wx, { url })).fail).toMatchObject({
      errMsg: expect.stringMatching(/^request:fail errcode:-101 .*ERR_CONNECTION_RESET$/) as string,
      errno: 600001,
    })
    const { fail } = await request(start().wx, { url: 'http://127.0.0.1:1/' })
    expect(fail?.errMsg).toMatch(/^request:fail /)
  })

  it('where a network of one’s own fails and does not say how', async () => {
    const fetch = (): Promise<Response> => Promise.reject(new TypeError('fetch failed'))
    const { wx } = sandbox.phone('alice', { fetch })
    const { fail } = await request(wx, { url: 'http://127.0.0.1:1/' })
    expect(fail).toMatchObject({
      errMsg: expect.stringMatching(/^request:fail .*ERR_FAILED$/) as string,
    })
  })

  it('in airplane mode at once, and for what is under way', async () => {
    const server = await hold()
    const phone = start()
    const underway = request(phone.wx, server)
    await until(() => server.arrived.length === 1)
    phone.network = 'offline'
    const errMsg =
      'request:fail errcode:-106 cronet_error_code:-106 error_msg:net::ERR_INTERNET_DISCONNECTED'
    expect((await underway).fail).toEqual({ errMsg, errno: 600001 })
    expect((await request(phone.wx, server)).fail).toEqual({ errMsg, errno: 600001 })
    expect(server.arrived).toHaveLength(1)
  })

  it('after its timeout, or after a minute, which is the most', async () => {
    const server = await hold()
    const { wx } = start()
    const short = request(wx, { ...server, timeout: 2000 })
    const long = request(wx, { ...server, timeout: 3_600_000 })
    await until(() => server.arrived.length === 2)
    sandbox.clock.advance(2000)
    expect((await short).fail).toEqual({ errMsg: 'request:fail timeout', errno: 5 })
    sandbox.clock.advance(58_000)
    expect((await long).fail).toEqual({ errMsg: 'request:fail timeout', errno: 5 })
  })

  it('when it is aborted; the connection ends too', async () => {
    const server = await hold()
    let task!: { abort(): void }
    const told = call<SandboxWxReply>(
      (callbacks) => (task = start().wx.request({ url: server.url, ...callbacks })),
    )
    await until(() => server.arrived.length === 1)
    task.abort()
    expect(await told).toEqual({
      fail: { errMsg: 'request:fail abort' },
      order: ['fail', 'complete'],
    })
    await until(() => server.arrived[0]!.socket.destroyed)
    task.abort()
  })

  it('five seconds after the user has left, and at once until the user is back', async () => {
    const server = await hold()
    const phone = start()
    const interrupted = { errMsg: 'request:fail interrupted', errno: 600003 }
    const underway = request(phone.wx, server)
    await until(() => server.arrived.length === 1)
    phone.background()
    expect((await request(phone.wx, server)).fail).toEqual(interrupted)
    sandbox.clock.advance(5000)
    expect((await underway).fail).toEqual(interrupted)
    phone.foreground()
    const after = request(phone.wx, server)
    await until(() => server.arrived.length === 2)
    server.answer()
    expect((await after).success?.statusCode).toBe(200)
  })

  it('but not a wx.login, which is WeChat’s own', async () => {
    const server = await hold()
    const phone = start()
    phone.network = 'silent'
    const login = call<SandboxWxCode>((callbacks) =>
      phone.wx.login({ timeout: 9000, ...callbacks }),
    )
    const underway = request(phone.wx, server)
    phone.background()
    sandbox.clock.advance(5000)
    expect((await underway).fail?.errMsg).toBe('request:fail interrupted')
    sandbox.clock.advance(4000)
    expect((await login).fail?.errMsg).toBe('login:fail timeout')
  })

  it('not at all, where the user was away for less', async () => {
    const server = await hold()
    const phone = start()
    const underway = request(phone.wx, server)
    await until(() => server.arrived.length === 1)
    phone.background()
    phone.background()
    // The sandbox' clock goes on by itself too: a test that has to wait for the processor is not away for longer.
    sandbox.clock.advance(3000)
    phone.foreground()
    sandbox.clock.advance(5000)
    server.answer()
    expect((await underway).success?.statusCode).toBe(200)
  })
})

describe('a silent network', () => {
  it('loses what is sent and what comes back; only a timeout ends it', async () => {
    const server = await hold()
    const phone = start()
    const answered = request(phone.wx, server)
    await until(() => server.arrived.length === 1)
    phone.network = 'silent'
    server.answer()
    const unsent = request(phone.wx, server)
    await new Promise(setImmediate)
    expect(phone.network).toBe('silent')
    phone.network = 'online'
    sandbox.clock.advance(60_000)
    expect((await answered).fail?.errMsg).toBe('request:fail timeout')
    expect((await unsent).fail?.errMsg).toBe('request:fail timeout')
    expect(server.arrived).toHaveLength(1)
  })
})

describe('ten requests at once', () => {
  it('are sent, and more wait until one has ended, however it ends', async () => {
    const server = await hold()
    const phone = start()
    const all = Array.from({ length: 25 }, () => request(phone.wx, server))
    await until(() => server.arrived.length === 10)
    await new Promise(setImmediate)
    expect(server.arrived).toHaveLength(10)
    const other = upload(phone.wx, {
      ...server,
      name: 'file',
      filePath: phone.files.add(new Blob(['a'])),
    })
    await until(() => server.arrived.length === 11)
    server.answer()
    await other
    await until(() => server.arrived.length === 21)
    sandbox.clock.advance(60_000)
    const ends = (await Promise.all(all)).map(({ success, fail }) =>
      success ? 'ok' : fail!.errMsg,
    )
    expect(ends.filter((end) => end === 'ok')).toHaveLength(10)
    expect(ends.filter((end) => end === 'request:fail timeout')).toHaveLength(15)
    expect((await request(phone.wx, await echo())).success?.statusCode).toBe(200)
  })
})

it('one that is aborted while it waits for its turn is never sent, and keeps no place', async () => {
  const server = await hold()
  const phone = start()
  const sent = Array.from({ length: 10 }, () => request(phone.wx, server))
  let task!: { abort(): void }
  const waiting = call<SandboxWxReply>(
    (callbacks) => (task = phone.wx.request({ url: `${server.url}/aborted`, ...callbacks })),
  )
  const next = Array.from({ length: 10 }, () => request(phone.wx, server))
  await until(() => server.arrived.length === 10)
  task.abort()
  expect((await waiting).fail).toEqual({ errMsg: 'request:fail abort' })
  server.answer()
  await Promise.all(sent)
  await until(() => server.arrived.length === 20)
  server.answer()
  await Promise.all(next)
  expect(server.arrived.map(({ url }) => url)).not.toContain('/aborted')
})

describe('wx.uploadFile', () => {
  it('sends one multipart request with the file and the fields', async () => {
    let form: FormData | undefined
    const { url } = await serve((req, res, body) => {
      const headers = { 'content-type': req.headers['content-type']! }
      void new Response(body, { headers }).formData().then((read) => {
        form = read
        res.writeHead(201, { 'content-type': 'application/json' }).end('{"user":1}')
      })
    })
    const phone = start()
    const filePath = phone.files.add(new Blob(['the picture'], { type: 'image/png' }))
    const told = await upload(phone.wx, {
      ...{ url, filePath, name: 'avatar', formData: { nickName: '爱丽丝', age: 3 } },
      header: { Authorization: 'Bearer t', 'content-type': 'application/json' },
    })
    expect(told.success).toMatchObject({
      statusCode: 201,
      data: '{"user":1}',
      errMsg: 'uploadFile:ok',
    })
    expect([form!.get('nickName'), form!.get('age')]).toEqual(['爱丽丝', '3'])
    const file = form!.get('avatar') as File
    expect([file.name, file.type, await file.text()]).toEqual(['1.png', 'image/png', 'the picture'])
  })

  it('fails for a path that is none of the phone’s, with nothing sent', async () => {
    const server = await echo()
    const told = await upload(start().wx, { ...server, filePath: '/etc/hostname', name: 'avatar' })
    expect(told.fail).toEqual({ errMsg: 'uploadFile:fail file not found' })
    expect(server.arrived).toHaveLength(0)
  })
})
