import type { Sandbox } from '../../src/sandbox/index.js'
import { type Answer, http } from '../example-app/spawn-app.js'
import type { LoginReply } from '../support/test-app.js'

/** What one session, or one code, is refused in a minute before it gets 429. */
export const budget = 20

/** An answer, and all that a phone sees of it. */
export interface Seen extends Answer {
  /** Status, headers and body as one text, but for the date: two that differ anywhere are two. */
  all: string
}

/** `POST` with a request id of the test's own, so that two refusals may be the same. */
export async function postSeen(url: string, token: string, body: object): Promise<Seen> {
  const headers = { 'x-request-id': 'the-same-id-of-all' }
  const answer = await http(url, { method: 'POST', token, body, headers })
  const shown = [...answer.headers].filter(([name]) => name !== 'date')
  return { ...answer, all: JSON.stringify([answer.status, shown, answer.text]) }
}

/** Somebody with a session who sends data that is to be refused. */
export interface Attacker {
  /** Their session key, of the login before the next post. An attacker does not know it; tests that make data do. */
  sessionKey(): string
  /**
   * Posts with a session whose refusals are not spent, and logs in anew where they are. Several at once are counted
   * as they come.
   *
   * @param body - or what makes one, once the session is there
   */
  post(path: string, body: object | (() => object)): Promise<Seen>
  /** Of the session of the last post. */
  token(): string
  /** The sessions so far. */
  readonly sessions: number
}

/** @param target - the example app or the package, with a sandbox as its WeChat */
export function createAttacker(
  { url, sandbox }: { readonly url: string; readonly sandbox: Sandbox },
  name = 'mallory',
): Attacker {
  let asked = 0
  let token = ''
  let session: Promise<string> | undefined
  async function logIn(): Promise<string> {
    const answer = await http(`${url}/wx/login`, { body: { code: sandbox.user(name).login() } })
    if (answer.status !== 200) throw new Error(`login: ${answer.text}`)
    ;({ token } = answer.body as LoginReply)
    return token
  }
  return {
    sessionKey: () => sandbox.user(name).sessionKey(),
    async post(path, body) {
      if (asked++ % budget === 0) session = logIn()
      const mine = await session!
      return postSeen(url + path, mine, typeof body === 'function' ? body() : body)
    },
    token: () => token,
    get sessions() {
      return Math.ceil(asked / budget)
    },
  }
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
