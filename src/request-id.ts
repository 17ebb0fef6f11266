import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { slotFor } from './request-slot.js'

/** Short, and harmless in a log and a header. */
const saneId = /^[\w.:-]{1,128}$/

const isSane = (id: unknown): id is string => typeof id === 'string' && saneId.test(id)

/** What the app has named the request: its logger by `req.id`, any middleware by the header of the reply. */
function givenId(req: IncomingMessage): string | undefined {
  const { id, res } = req as { id?: unknown; res?: ServerResponse }
  const own = typeof id === 'number' ? String(id) : id
  return [own, res?.getHeader('x-request-id'), req.headers['x-request-id']].find(isSane)
}

/**
 * The id of a request, the same each time: `req.id` where the app sets that (pino-http does), else the `X-Request-Id`
 * of the reply, else that of the request, else a new one. Only ids of 1 to 128 letters, digits, `_`, `.`, `:` and `-`
 * count. It stands in the replies of the plugin (`requestId` of an error, header `X-Request-Id`) and in its
 * diagnostics; with this function also in your log.
 *
 * @example
 * ```ts
 * onError: (error, req) => log.warn({ code: error.code, requestId: req && requestIdOf(req) })
 * ```
 */
export function requestIdOf(req: IncomingMessage): string {
  const given = givenId(req)
  if (given !== undefined) return given
  return (slotFor(req).requestId ??= randomUUID())
}

/** Puts the id of a request into its reply, where the app has not. */
export function showRequestId(req: IncomingMessage, res: ServerResponse): string {
  const id = requestIdOf(req)
  if (!res.hasHeader('x-request-id')) res.setHeader('X-Request-Id', id)
  return id
}
