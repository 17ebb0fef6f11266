import { randomBytes } from 'node:crypto'
import type { Sandbox } from '../../src/sandbox/index.js'
import { type Answer, http } from '../example-app/spawn-app.js'
import type { LoginReply } from '../support/test-app.js'
import { budget } from './refusals.js'

/** The example app or the package, with a sandbox as its WeChat. */
export interface Target {
  readonly url: string
  readonly sandbox: Sandbox
}

/** Somebody with a session who sends data that is to be refused. */
export interface Attacker {
  /** Their session key, of the login before the next post. An attacker does not know it; tests that make data do. */
  sessionKey(): string
  /**
   * Posts with a session whose refusals are not spent, and logs in anew where they are.
   *
   * @param body - or what makes one, once the session is there
   */
  post(path: string, body: object | (() => object)): Promise<Answer>
  token(): string
}

export function createAttacker({ url, sandbox }: Target, name = 'mallory'): Attacker {
  let token = ''
  let left = 0
  async function logIn(): Promise<void> {
    const answer = await http(`${url}/wx/login`, { body: { code: sandbox.user(name).login() } })
    if (answer.status !== 200) throw new Error(`login: ${JSON.stringify(answer.body)}`)
    ;({ token } = answer.body as LoginReply)
    left = budget
  }
  return {
    sessionKey: () => sandbox.user(name).sessionKey(),
    async post(path, body) {
      if (left === 0) await logIn()
      left -= 1
      return http(url + path, { token, body: typeof body === 'function' ? body() : body })
    },
    token: () => token,
  }
}

/** Of no meaning to an attacker: another one in each answer. */
const everChanging = new Set(['date', 'x-request-id'])

/** All of an answer that could tell one refusal from another. */
export function fingerprint({ status, headers, body }: Answer): string {
  const { error, ...rest } = body as { error?: { requestId?: unknown } }
  const { requestId, ...told } = error ?? {}
  if (typeof requestId !== 'string') throw new Error(`no error: ${JSON.stringify(body)}`)
  const shown = [...headers].filter(([name]) => !everChanging.has(name)).toSorted()
  return JSON.stringify([status, { ...rest, error: told }, shown])
}

/** What there is to know of `WX_STALE_KEY`, with everything that says why left out. */
export const staleKeyAnswer = {
  status: 409,
  body: {
    error: {
      code: 'WX_STALE_KEY',
      action: 'login',
      message: 'The data does not fit the current session key. Log in again and take new data.',
      requestId: expect.any(String) as string,
    },
  },
}

export const newIv = (): string => randomBytes(16).toString('base64')

/** The same bytes with some of them changed. */
export function xored(base64: string, at: number, change: Uint8Array): string {
  const bytes = Buffer.from(base64, 'base64')
  for (const [i, byte] of change.entries()) bytes[at + i]! ^= byte
  return bytes.toString('base64')
}

/** What turns one text into another of the same length, where it is xored into it. */
export function difference(from: string, to: string): Uint8Array {
  const [a, b] = [Buffer.from(from), Buffer.from(to)]
  if (a.length !== b.length) throw new Error('not of the same length')
  return a.map((byte, i) => byte ^ b[i]!)
}
