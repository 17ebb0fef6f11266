import { relayOf } from '../relay/path.js'
import type { Reach } from './types.js'

interface Waiting {
  readonly url: string
  readonly init: RequestInit
  readonly headers: Headers
  readonly tell: { resolve(response: Response): void; reject(error: unknown): void }[]
}

interface Copy {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string
}

const withoutBody = new Set([204, 205, 304])

const toResponse = ({ status, headers, body }: Copy): Response =>
  new Response(withoutBody.has(status) ? null : body, { status, headers })

/** Sends a request as often as somebody waits for it; the relay sends them to the server at once. */
async function send({ url, init, headers, tell }: Waiting): Promise<Response[]> {
  if (tell.length === 1) return [await fetch(url, { ...init, headers })]
  headers.set('X-Sandbox-Copies', String(tell.length))
  const response = await fetch(url, { ...init, headers })
  // A refusal of the relay itself concerns them all.
  if (!response.ok) return tell.map(() => response.clone())
  return ((await response.json()) as Copy[]).map(toResponse)
}

/**
 * Reaches a server through the sandbox' relay: from a page, which may not speak to other origins. The same request made
 * several times at once is several at the server, although a browser opens few connections.
 *
 * @param target - base URL of the server, without a slash at the end
 * @param sandbox - base URL of the sandbox; `''` in one of its own pages
 */
export const relayTo = (target: string, sandbox = ''): Reach => {
  const base = sandbox + relayOf(target)
  const waiting = new Map<string, Waiting>()

  function flush(key: string): void {
    const { tell, ...all } = waiting.get(key)!
    waiting.delete(key)
    send({ ...all, tell }).then(
      (responses) => {
        for (const [i, { resolve }] of tell.entries()) resolve(responses[i]!)
      },
      (error: unknown) => {
        for (const { reject } of tell) reject(error)
      },
    )
  }

  return (path, init, user) => {
    const headers = new Headers(init.headers)
    if (user !== null) headers.set('X-Sandbox-User', encodeURIComponent(user))
    const url = base + path
    if (init.body !== undefined && init.body !== null && typeof init.body !== 'string') {
      return fetch(url, { ...init, headers })
    }
    const key = JSON.stringify([url, init.method, [...headers], init.body])
    return new Promise((resolve, reject) => {
      const same = waiting.get(key)
      if (same) same.tell.push({ resolve, reject })
      else {
        waiting.set(key, { url, init, headers, tell: [{ resolve, reject }] })
        setTimeout(flush, 0, key)
      }
    })
  }
}
