import { execFileSync } from 'node:child_process'
import type { Sandbox } from '../../src/sandbox/index.js'
import { toCurl, toHar, toMermaid } from '../../src/sandbox/wire/export.js'
import type { WireDetail, WireMessage } from '../../src/sandbox/wire/types.js'
import { exchange, listen, send } from './support.js'
import { detail, fromPhone, messages, read, startTarget } from './wire-support.js'

const details = async (sandbox: Sandbox): Promise<WireDetail[]> =>
  Promise.all(
    (await messages(sandbox)).map(
      async ({ id }) => JSON.parse(await read(sandbox, `/wire/${String(id)}`)) as WireDetail,
    ),
  )

/** A message of a test that needs no sandbox. */
const message = (fields: Partial<WireMessage>): WireMessage => ({
  id: 1,
  from: 'phone',
  to: 'server',
  title: 'GET /x',
  time: 0,
  ms: 1,
  outcome: 'answered',
  endedAfter: 1,
  status: 200,
  errcode: null,
  error: null,
  user: null,
  fault: null,
  request: [],
  response: [],
  ...fields,
})

/** https://mermaid.js.org/syntax/sequenceDiagram.html, as far as the export uses it. */
const text = String.raw`(?:[^#;:%<>\n]|#\d+;)+`
const mermaidLines = [
  /^sequenceDiagram$/,
  /^ {2}participant (?:phone|server|wechat|redis) as [\w ()]+$/,
  new RegExp(`^ {2}(\\w+)(?:->>|-->>|--x)(\\w+): ${text}$`),
  new RegExp(`^ {2}Note over (\\w+),(\\w+): ${text}$`),
]

function readMermaid(diagram: string): string[] {
  const lines = diagram.split('\n')
  expect(lines.pop()).toBe('')
  for (const line of lines) {
    expect([line, mermaidLines.some((form) => form.test(line))]).toEqual([line, true])
  }
  return lines.slice(5)
}

describe('the wire as Mermaid', () => {
  it('is a sequence diagram in which what happened meanwhile stands in between', async () => {
    const sandbox = await listen()
    const { appid, secret } = sandbox
    const target = await startTarget((res, { body }) => {
      const { code } = JSON.parse(body.toString()) as { code: string }
      void exchange(sandbox, code, { appid, secret }).then(() => res.end('{"token":"abcdefgh"}'))
    })
    const { json } = await send(sandbox, '/__sandbox/users/alice/login', {})
    sandbox.faults.add({ endpoint: 'jscode2session', errcode: 45011, times: 1 })
    await fromPhone(sandbox, `${target.url}/login`, { code: json.code })
    const lines = readMermaid(toMermaid(await messages(sandbox)))
    expect(lines.map((line) => line.replace(/(?:, )?\d+ ms/, ''))).toEqual([
      '  phone-->>wechat: wx.login (alice)',
      '  wechat-->>phone: ',
      '  phone->>server: POST /login (alice)',
      '  server->>wechat: GET /sns/jscode2session (alice)',
      '  Note over server,wechat: fault ordered, errcode 45011',
      '  wechat-->>server: 200, errcode 45011',
      '  server-->>phone: 200',
    ])
  })

  it('has what is open as a question, and a cross for what was not answered', () => {
    const lines = readMermaid(
      toMermaid([
        message({ id: 1, outcome: 'open', endedAfter: null, ms: null, status: null }),
        message({ id: 2, outcome: 'dropped', endedAfter: 2, ms: null, status: null }),
        message({ id: 3, outcome: 'failed', endedAfter: 3, status: null, error: 'ECONNREFUSED' }),
        message({ id: 4, ms: null, status: null, endedAfter: 4 }),
      ]),
    )
    expect(lines).toEqual([
      '  phone->>server: GET /x',
      '  phone->>server: GET /x',
      '  server--xphone: dropped',
      '  phone->>server: GET /x',
      '  server--xphone: failed, ECONNREFUSED, 1 ms',
      '  phone->>server: GET /x',
      '  server-->>phone: ok',
    ])
  })

  it('lets no title, user, error or fault write lines of its own', () => {
    const evil = 'x\n  end; participant y %% # a: b <script>\u2028'
    const lines = readMermaid(
      toMermaid([message({ title: evil, user: evil, error: evil, fault: evil })]),
    )
    expect(lines).toHaveLength(3)
    expect(lines[0]).toContain('x   end#59; participant y #37;#37; #35; a#58; b #60;script#62;')
  })
})

describe('the wire as HAR', () => {
  it('is a log as version 1.2 has it, of what is HTTP', async () => {
    const sandbox = await listen({ now: () => 1_764_161_715_000 })
    const target = await startTarget((res) => {
      res
        .writeHead(201, { 'Content-Type': 'application/json' })
        .end('{"token":"abcdefgh","n":"中"}')
    })
    await send(sandbox, '/__sandbox/users/alice/login', {})
    await fromPhone(sandbox, `${target.url}/login?from=a%20b`, { code: 'secret-code', x: '中' })
    await exchange(sandbox, 'x')
    await fromPhone(sandbox, 'http://127.0.0.1:1/dead')
    const har = toHar(await details(sandbox), '1.2.3')
    expect(har.log).toMatchObject({
      version: '1.2',
      creator: { name: 'express-wx-login sandbox', version: '1.2.3' },
      pages: [],
    })
    const [login, session, dead, ...more] = har.log.entries
    expect(more).toEqual([])
    expect(login).toMatchObject({
      startedDateTime: '2025-11-26T12:55:15.000Z',
      request: {
        method: 'POST',
        url: `${target.url}/login?from=a%20b`,
        httpVersion: 'HTTP/1.1',
        cookies: [],
        queryString: [{ name: 'from', value: 'a b' }],
        postData: { mimeType: 'application/json', text: '{"code":"***","x":"中"}' },
        bodySize: 24,
        headersSize: -1,
      },
      response: {
        status: 201,
        statusText: 'Created',
        httpVersion: 'HTTP/1.1',
        content: { mimeType: 'application/json', text: '{"token":"***","n":"中"}', size: 25 },
        redirectURL: '',
      },
      comment: 'phone → server: answered',
    })
    expect(session!.request.queryString).toContainEqual({ name: 'secret', value: '***' })
    expect(dead!.response).toMatchObject({ status: 0, content: { size: 0, mimeType: 'x-unknown' } })
    // What Chrome looks for when it opens a file.
    for (const { startedDateTime, time, request, response, cache, timings } of har.log.entries) {
      expect(new Date(startedDateTime).toISOString()).toBe(startedDateTime)
      expect(time).toBeGreaterThanOrEqual(0)
      expect(timings).toEqual({ send: 0, wait: time, receive: 0 })
      expect(cache).toEqual({})
      expect(URL.canParse(request.url)).toBe(true)
      for (const { name, value } of [...request.headers, ...response.headers]) {
        expect(name).toMatch(/^[\w-]+$/)
        expect(typeof value).toBe('string')
      }
    }
  })

  it('has a redirect with where it leads', async () => {
    const sandbox = await listen()
    const target = await startTarget((res) => res.writeHead(302, { Location: '/there' }).end())
    await send(sandbox, `/__sandbox/relay/${encodeURIComponent(target.url)}/a`).catch(() => null)
    const [entry] = toHar(await details(sandbox), '').log.entries
    expect(entry!.response).toMatchObject({ status: 302, redirectURL: '/there' })
  })
})

describe('a message as a command for curl', () => {
  it('sends what the phone sent, but for the secrets', async () => {
    const sandbox = await listen()
    const target = await startTarget()
    const body = { text: `it's "quoted" $HOME \`id\` \\ !`, token: 'abcdefgh' }
    await fromPhone(sandbox, `${target.url}/a%20b?x=it's&y=$(id)`, body, { 'x-own': "a'b" })
    const command = toCurl(await detail(sandbox, 'POST /a%20b'))!
    expect(command).not.toContain('abcdefgh')
    // The shell and curl themselves say what comes out of it.
    const before = target.received.length
    execFileSync('sh', ['-c', 'command -v curl'], { stdio: 'ignore' })
    await new Promise<void>((resolve, reject) => {
      const { execFile } =
        jest.requireActual<typeof import('node:child_process')>('node:child_process')
      execFile('sh', ['-c', `${command} --silent --noproxy '*'`], (error) => {
        if (error) reject(error)
        else resolve()
      })
    })
    const sent = target.received[before]!
    const first = target.received[0]!
    expect([sent.method, sent.headers['x-own']]).toEqual(['POST', "a'b"])
    expect(new URLSearchParams(sent.url.split('?')[1]).get('y')).toBe('$(id)')
    expect(new URLSearchParams(sent.url.split('?')[1]).get('x')).toBe("it's")
    expect(sent.headers['user-agent']).toBe(first.headers['user-agent'])
    expect(JSON.parse(sent.body.toString())).toEqual({ ...body, token: '***' })
  })

  it.each(['PUT', 'DELETE', 'GET', 'HEAD'])('of %s', async (method) => {
    const sandbox = await listen()
    const target = await startTarget()
    await fetch(`${sandbox.baseUrl}/__sandbox/relay/${encodeURIComponent(target.url)}/a`, {
      method,
    })
    const command = toCurl(await detail(sandbox, `${method} /a`))!
    const how = { PUT: ' -X PUT', DELETE: ' -X DELETE', HEAD: ' --head', GET: '' }[method]!
    expect(command.replace(/\\\n +/g, '')).toContain(
      `curl '${target.url}/a'${how} -H 'User-Agent: `,
    )
  })

  it('is null for a call of a phone', async () => {
    const sandbox = await listen()
    await send(sandbox, '/__sandbox/users/alice/login', {})
    expect(toCurl(await detail(sandbox, 'wx.login'))).toBeNull()
  })
})

test('a message under way, without headers and from nowhere, is exported as far as it goes', () => {
  const underway: WireDetail = {
    ...message({ ms: null, endedAfter: null, outcome: 'open', status: null, response: null }),
    ...{ url: 'http://127.0.0.1:3000/x', raw: { request: 'GET /x HTTP/1.1', response: null } },
    decoded: [],
  }
  expect(toCurl(underway)).toContain('http://127.0.0.1:3000/x')
  expect(toMermaid([underway])).toContain('GET /x')
  const har = toHar([underway], '1')
  expect(JSON.stringify(har)).not.toContain('null,null')
})
