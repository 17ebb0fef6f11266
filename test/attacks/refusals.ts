import type { LoginReply, TestApp } from '../support/test-app.js'

/** What one session, or one code, is refused in a minute before it gets 429. */
export const budget = 20

/** All that a phone sees of an answer, but for its date. */
export interface Seen {
  status: number
  /** Status, headers and body as one text: two that differ anywhere are two. */
  all: string
  body: { error?: { code?: string } }
}

/** Asks with data that is likely refused: each session as often as its budget allows, then a new one of the same user. */
export interface Asker {
  ask(data: object, path?: string): Promise<Seen>
  /** The sessions so far. */
  readonly sessions: number
}

/** `POST` with a request id of the test's own, so that two refusals may be the same to the byte. */
export async function postSeen(
  url: string,
  token: string | undefined,
  body: object,
): Promise<Seen> {
  const reply = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-request-id': 'the-same-id-of-all',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  })
  const text = await reply.text()
  const headers = [...reply.headers].filter(([name]) => name !== 'date')
  return {
    status: reply.status,
    all: JSON.stringify([reply.status, headers, text]),
    body: JSON.parse(text) as Seen['body'],
  }
}

/** @param perSession - questions asked on one session; by default none is ever over the budget */
export function createAsker(t: TestApp, name = 'alice', perSession = budget): Asker {
  let asked = 0
  let current: Promise<LoginReply> | undefined
  return {
    get sessions() {
      return Math.ceil(asked / perSession)
    },
    async ask(data, path = '/wx/profile') {
      if (asked++ % perSession === 0) current = t.login(name)
      const { token } = await current!
      return postSeen(t.url + path, token, data)
    },
  }
}
