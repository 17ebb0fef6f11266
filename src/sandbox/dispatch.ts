import { checkCaller, isLocal, type Caller } from './control/guard.js'
import { createControl, errorReply, type Controlled } from './control/routes.js'
import { createMask } from './mask.js'
import { wechatReply, type Reply } from './reply.js'
import { SandboxError } from './sandbox-error.js'
import { createWeChatApi } from './wechat-api.js'
import type { World } from './world.js'

/** A request, however it came. */
export interface SandboxHttpRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
  /** Undefined where it was larger than the sandbox reads. */
  readonly body: string | undefined
  /** Undefined for requests inside the process, which no web page can make. */
  readonly caller: Caller | undefined
  readonly lastEventId: string | undefined
}

/** Answers a request; null where the connection is to be cut. `signal` fires when nobody waits any more. */
export type Dispatch = (request: SandboxHttpRequest, signal: AbortSignal) => Promise<Reply | null>

const tooDeep = new SandboxError('SANDBOX_BAD_REQUEST', 'The body is nested too deeply.')
const tooLarge = new SandboxError('SANDBOX_TOO_LARGE', 'The body is larger than 64 kB.')

/** @param listenHost - the host the sandbox was told to listen on, as of now */
export function createDispatch(
  world: World,
  controlled: Controlled,
  listenHost: () => string | undefined,
): Dispatch {
  const mask = createMask(world.apps.all.map(({ secret }) => secret))
  const wechat = createWeChatApi(world, controlled.faults, controlled.journal, mask)
  const control = createControl(controlled)

  async function answerControl(path: string, request: SandboxHttpRequest): Promise<Reply> {
    const { method, body, caller, lastEventId } = request
    try {
      if (caller) checkCaller(caller, listenHost())
      if (body === undefined) throw tooLarge
      const baseUrl = `http://${caller?.host ?? 'sandbox'}`
      const local = caller === undefined || isLocal(caller)
      return await control({ method, path, body, lastEventId, baseUrl, local })
    } catch (error) {
      if (error instanceof SandboxError) return errorReply(error)
      // What JSON.parse reads, JSON.stringify may find too deep.
      if (error instanceof RangeError) return errorReply(tooDeep)
      throw error
    }
  }

  return async (request, signal) => {
    const { method, url, body } = request
    const mark = url.indexOf('?')
    const path = mark === -1 ? url : url.slice(0, mark)
    if (path === '/__sandbox' || path.startsWith('/__sandbox/')) return answerControl(path, request)
    if (path === '/') return { status: 302, headers: { Location: '/__sandbox' }, body: '' }
    if (body === undefined) return wechatReply(413, world.error(45002))
    const query = new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1))
    return wechat({ method, path, query, body, ip: request.caller?.remoteAddress }, signal)
  }
}
