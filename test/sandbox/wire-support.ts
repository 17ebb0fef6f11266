import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSandbox, type Sandbox } from '../../src/sandbox/index.js'
import { startTestApp, type TestApp } from '../support/test-app.js'
import { send } from './support.js'
import type { WireDetail, WireMessage } from '../../src/sandbox/wire/types.js'

const open: http.Server[] = []

afterEach(async () => {
  for (const server of open.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

/** What a server under test was sent. */
export interface Received {
  method: string
  url: string
  headers: http.IncomingHttpHeaders
  body: Buffer
}

/** A server in any language, as far as the relay can tell. */
export interface Target {
  url: string
  received: Received[]
}

/** Starts a server that answers as `answer` says, by default 200 and `{}`. */
export async function startTarget(
  answer: (res: http.ServerResponse, request: Received) => void = (res) => res.end('{}'),
): Promise<Target> {
  const received: Received[] = []
  const server = http.createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      const { method = '', url = '', headers } = req
      const request = { method, url, headers, body: Buffer.concat(chunks) }
      received.push(request)
      answer(res, request)
    })
  })
  open.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, received }
}

/** Under what URL the relay of the sandbox reaches this one. */
export function relayed(sandbox: Sandbox, url: string): string {
  const { origin, pathname, search } = new URL(url)
  return `${sandbox.baseUrl}/__sandbox/relay/${encodeURIComponent(origin)}${pathname}${search}`
}

/** A request of a phone in the page. */
export function fromPhone(
  sandbox: Sandbox,
  url: string,
  body?: object,
  { user = 'alice', ...headers }: Record<string, string> = {},
): Promise<Response> {
  return fetch(relayed(sandbox, url), {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      'x-sandbox-user': encodeURIComponent(user),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
}

/** A text of the control surface. */
export const read = async (sandbox: Sandbox, path: string): Promise<string> =>
  (await fetch(`${sandbox.baseUrl}/__sandbox${path}`)).text()

export const messages = async (sandbox: Sandbox): Promise<WireMessage[]> =>
  JSON.parse(await read(sandbox, '/wire/messages')) as WireMessage[]

/** The last message of this title, in full. */
export async function detail(sandbox: Sandbox, title: string): Promise<WireDetail> {
  const found = (await messages(sandbox)).findLast((one) => one.title === title)!
  return JSON.parse(await read(sandbox, `/wire/${String(found.id)}`)) as WireDetail
}

/** One masked value, as the page asks for it. */
export async function reveal(
  sandbox: Sandbox,
  id: number,
  part: string,
  field: string,
): Promise<unknown> {
  const response = await fetch(`${sandbox.baseUrl}/__sandbox/wire/${String(id)}/reveal`, {
    method: 'POST',
    body: JSON.stringify({ part, field }),
  })
  return ((await response.json()) as { value: unknown }).value
}

/** One server-sent event. */
export interface SentEvent {
  event: string
  data: WireMessage
}

/** The wire as the page reads it; closed by `end`. */
export async function watch(sandbox: Sandbox): Promise<{
  next(fits: (event: SentEvent) => boolean): Promise<SentEvent>
  end(): void
  text(): string
}> {
  const controller = new AbortController()
  const { signal } = controller
  const response = await fetch(`${sandbox.baseUrl}/__sandbox/wire`, { signal })
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let all = ''
  let left = ''
  const events: SentEvent[] = []

  async function more(): Promise<void> {
    const { value = '', done } = await reader.read()
    if (done) throw new Error('The stream ended')
    all += value
    const parts = (left + value).split('\n\n')
    left = parts.pop()!
    for (const part of parts) {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(part) ?? []
      if (event !== undefined) events.push({ event, data: JSON.parse(data!) as WireMessage })
    }
  }

  return {
    async next(fits) {
      for (;;) {
        while (events.length > 0) {
          const event = events.shift()!
          if (fits(event)) return event
        }
        await more()
      }
    },
    end() {
      controller.abort()
    },
    text: () => all,
  }
}

/** A real server with the package, on a sandbox that listens. */
export async function withApp(
  test: (app: TestApp, sandbox: Sandbox) => Promise<void>,
): Promise<void> {
  const sandbox = createSandbox()
  await sandbox.listen()
  const app = await startTestApp({ sandbox })
  try {
    await test(app, sandbox)
  } finally {
    await app.close()
    await sandbox.close()
  }
}

export async function callPhone<T>(sandbox: Sandbox, what: string, body: object = {}): Promise<T> {
  const { json } = await send(sandbox, `/__sandbox/users/alice/${what}`, body)
  return json as T
}

export async function logIn(
  app: TestApp,
  sandbox: Sandbox,
): Promise<{ token: string; keyId: string }> {
  const { code } = await callPhone<{ code: string }>(sandbox, 'login')
  const response = await fromPhone(sandbox, `${app.url}/wx/login`, { code })
  return (await response.json()) as { token: string; keyId: string }
}
