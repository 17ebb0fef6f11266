import { checkCaller, isLocal, type Caller } from './control/guard.js'
import { createControl, errorReply } from './control/routes.js'
import type { Controlled } from './control/types.js'
import { createMask } from './mask.js'
import { headerOf } from './raw-headers.js'
import { relayPath } from './relay/path.js'
import type { Relay } from './relay/relay.js'
import { wechatReply, type Reply } from './reply.js'
import { SandboxError } from './sandbox-error.js'
import { createWeChatApi } from './wechat-api.js'

/** A request, however it came. */
export interface SandboxHttpRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[]
  /** Undefined where it was larger than the sandbox reads. */
  readonly body: Buffer | undefined
  /** Undefined for requests inside the process, which no web page can make. */
  readonly caller: Caller | undefined
}

/** Answers a request; null where the connection is to be cut. `signal` fires when nobody waits any more. */
export type Dispatch = (request: SandboxHttpRequest, signal: AbortSignal) => Promise<Reply | null>

const tooDeep = new SandboxError('SANDBOX_BAD_REQUEST', 'The body is nested too deeply.')
const tooLarge = new SandboxError('SANDBOX_TOO_LARGE', 'The body is larger than 64 kB.')

/** Path and query of a URL without an origin. */
function split(url: string): { path: string; query: URLSearchParams } {
  const [path = '', ...query] = url.split('?')
  return { path, query: new URLSearchParams(query.join('?')) }
}

/** @param listenHost - the host the sandbox was told to listen on, as of now */
export function createDispatch(
  controlled: Controlled,
  relay: Relay,
  listenHost: () => string | undefined,
): Dispatch {
  const { world } = controlled
  const mask = createMask(world.apps.all.map(({ secret }) => secret))
  const wechat = createWeChatApi(controlled, mask)
  const control = createControl(controlled)

  async function answerControl(
    { path, query }: ReturnType<typeof split>,
    request: SandboxHttpRequest,
    signal: AbortSignal,
  ): Promise<Reply | null> {
    const { method, url, rawHeaders, body, caller } = request
    try {
      if (caller) checkCaller(caller, listenHost())
      const local = caller === undefined || isLocal(caller)
      if (path.startsWith(relayPath)) {
        return await relay({ method, url, rawHeaders, body, local }, signal)
      }
      if (body === undefined) throw tooLarge
      return await control({
        method,
        path,
        query,
        body: body.toString('utf8'),
        lastEventId: headerOf(rawHeaders, 'last-event-id'),
        knownTag: headerOf(rawHeaders, 'if-none-match'),
        local,
      })
    } catch (error) {
      if (error instanceof SandboxError) return errorReply(error)
      // What JSON.parse reads, JSON.stringify may find too deep.
      if (error instanceof RangeError) return errorReply(tooDeep)
      throw error
    }
  }

  return async (request, signal) => {
    const { method, url, rawHeaders, body } = request
    const { path, query } = split(url)
    if (path === '/__sandbox' || path.startsWith('/__sandbox/')) {
      return answerControl({ path, query }, request, signal)
    }
    if (path === '/') return { status: 302, headers: { Location: '/__sandbox' }, body: '' }
    if (body === undefined) return wechatReply(413, world.error(45002))
    const ip = request.caller?.remoteAddress
    const text = body.toString('utf8')
    return wechat({ method, path, query, body: text, ip, url, rawHeaders }, signal)
  }
}
