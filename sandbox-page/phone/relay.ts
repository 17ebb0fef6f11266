import { Failure, netError, timedOut } from '../../src/sandbox/phone/failure.js'
import { relayOf } from '../../src/sandbox/relay/path.js'

/** Why the relay itself refused a request, as its `X-Sandbox-Error` says. */
export interface RelayTrouble {
  code: string
  /** Where the request was to go. */
  origin: string
  /** In English. */
  message: string
}

export interface RelayParts {
  /** The server's URL in the mini program's code. */
  ownServer: string
  /** The server that is meant by it. */
  target: string
  user: string
  appid: string
  /** Null: a request has got through. */
  onTrouble(trouble: RelayTrouble | null): void
  fetch?: (url: string, init: RequestInit) => Promise<Response>
}

/** The phone's way to servers: through the sandbox, which has the browser's origin and shows what passes. */
export interface Relay {
  fetch(url: string, init?: RequestInit): Promise<Response>
  /** Where the browser finds a picture. */
  reach(url: string): string
}

/** What `wx.request` fails with where the relay refuses. */
function failureOf(code: string, message: string): Failure {
  if (code === 'SANDBOX_TARGET_DOWN') return netError(-102, 'CONNECTION_REFUSED')
  if (code === 'SANDBOX_TARGET_TIMEOUT') return timedOut()
  if (code === 'SANDBOX_FORBIDDEN') return new Failure('url not in domain list', 600002)
  return new Failure(message)
}

export function createRelay({
  ownServer,
  target,
  user,
  appid,
  onTrouble,
  ...parts
}: RelayParts): Relay {
  const send = parts.fetch ?? ((url, init) => fetch(url, init))

  const meant = (url: string): URL => {
    const own = url.startsWith(ownServer) && /^(?:[/?#]|$)/.test(url.slice(ownServer.length))
    return new URL(own ? target + url.slice(ownServer.length) : url)
  }
  const reach = (url: string): string => {
    const { origin, pathname, search } = meant(url)
    return relayOf(origin) + pathname + search
  }

  return {
    // A picture that is nowhere is an empty one.
    reach: (url) => (URL.canParse(url) ? reach(url) : 'data:,'),
    async fetch(url, init = {}) {
      const { origin } = meant(url)
      const headers = new Headers(init.headers)
      // Headers are Latin-1, names are not.
      headers.set('X-Sandbox-User', encodeURIComponent(user))
      headers.set('X-Sandbox-Appid', appid)
      let response: Response
      try {
        response = await send(reach(url), { ...init, headers, credentials: 'omit' })
      } catch (error) {
        const aborted = init.signal?.aborted === true
        if (!aborted) onTrouble({ code: 'SANDBOX_UNREACHABLE', origin, message: String(error) })
        throw error
      }
      const code = response.headers.get('X-Sandbox-Error')
      if (code === null) {
        onTrouble(null)
        return response
      }
      const body = (await response.json().catch(() => ({}))) as { error?: { message?: string } }
      const message = body.error?.message ?? `HTTP ${String(response.status)}`
      onTrouble({ code, origin, message })
      throw failureOf(code, message)
    },
  }
}
