import { createDecipheriv } from 'node:crypto'
import http from 'node:http'
import {
  createSandbox,
  type Sandbox,
  type SandboxOptions,
  type SandboxRequest,
} from '../../src/sandbox/index.js'

/** Two apps, so that every test can ask whether one app's things pass at the other. */
export const apps = [
  { appid: 'wx000000000000aaaa', secret: 'a'.repeat(32) },
  { appid: 'wx000000000000bbbb', secret: 'b'.repeat(32) },
] as const
export const [appA, appB] = apps

const open: Sandbox[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((sandbox) => sandbox.close()))
})

/** A sandbox on a free port, closed after the test. */
export async function listen(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = createSandbox({ apps: [...apps], ...options })
  open.push(sandbox)
  await sandbox.listen()
  return sandbox
}

/** All fields an answer can have; which of them are there is what the tests ask. */
export interface Json {
  errcode: number
  errmsg: string
  openid: string
  session_key: string
  unionid: string | null
  access_token: string
  expires_in: number
  phone_info: { phoneNumber: string }
  vaild: boolean
  code: string
  rawData: string
  signature: string
  encryptedData: string
  iv: string
  now: number
  name: string
  openids: Record<string, string>
  error: { code: string; message: string }
}

/** An answer of WeChat or of the control surface; a body that is no JSON is there as its text. */
export interface Answer {
  status: number
  type: string | null
  json: Json
}

export async function send(
  sandbox: Sandbox,
  path: string,
  body?: unknown,
  method = body === undefined ? 'GET' : 'POST',
): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const init = text === undefined ? { method } : { method, body: text }
  const response = await fetch(sandbox.baseUrl + path, init)
  const received = await response.text()
  let json: Json
  try {
    json = JSON.parse(received) as Json
  } catch {
    json = received as unknown as Json
  }
  return { status: response.status, type: response.headers.get('content-type'), json }
}

/** `/sns/jscode2session`, with any parameter changed or (undefined) left out. */
export function exchange(
  sandbox: Sandbox,
  code: string | undefined,
  changes: Record<string, string | undefined> = {},
): Promise<Answer> {
  const { appid, secret } = sandbox
  const query = {
    appid,
    secret,
    js_code: code,
    grant_type: 'authorization_code',
    ...changes,
  }
  const given = Object.entries(query).filter(
    (pair): pair is [string, string] => pair[1] !== undefined,
  )
  return send(sandbox, `/sns/jscode2session?${new URLSearchParams(given).toString()}`)
}

export const stableToken = (sandbox: Sandbox, changes: object = {}): Promise<Answer> =>
  send(sandbox, '/cgi-bin/stable_token', {
    grant_type: 'client_credential',
    appid: sandbox.appid,
    secret: sandbox.secret,
    ...changes,
  })

export async function accessToken(sandbox: Sandbox, changes: object = {}): Promise<string> {
  return (await stableToken(sandbox, changes)).json.access_token
}

/** Decrypts as any backend would, with nothing of the sandbox. */
export function decrypt(
  data: { encryptedData: string; iv: string },
  sessionKey: string,
): Record<string, unknown> {
  const key = Buffer.from(sessionKey, 'base64')
  const decipher = createDecipheriv('aes-128-cbc', key, Buffer.from(data.iv, 'base64'))
  const bytes = Buffer.concat([
    decipher.update(Buffer.from(data.encryptedData, 'base64')),
    decipher.final(),
  ])
  return JSON.parse(bytes.toString('utf8')) as Record<string, unknown>
}

/** A request with headers that fetch does not let one set. */
export function raw(
  sandbox: Sandbox,
  path: string,
  options: http.RequestOptions = {},
): Promise<{ status: number; body: string; headers: http.IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      sandbox.baseUrl + path,
      { agent: false, ...options },
      (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (body += chunk))
        response.on('end', () => {
          resolve({ status: response.statusCode!, body, headers: response.headers })
        })
      },
    )
    request.on('error', reject)
    request.end()
  })
}

export const lastRequest = (sandbox: Sandbox): SandboxRequest => sandbox.requests.at(-1)!

/** Resolves as soon as the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}
