import { isJsonObject } from '../wechat/json.js'
import { endpoints } from './endpoints/index.js'
import type { ApiRequest } from './endpoints/endpoint.js'
import type { Controlled } from './control/types.js'
import type { Mask } from './mask.js'
import { pause } from './pause.js'
import { wechatReply, type Reply } from './reply.js'
import { statusLine } from './status-line.js'
import type { SandboxFault, SandboxRequest } from './types.js'
import { userOf } from './user-of.js'
import type { WireExchange } from './wire/recorder.js'
import type { World } from './world.js'

/** A request to WeChat, as it came. */
export interface WeChatRequest extends ApiRequest {
  /** Path and query. */
  readonly url: string
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[]
}

/** Answers WeChat's paths; null where the connection is to be cut instead. */
export type WeChatApi = (request: WeChatRequest, signal: AbortSignal) => Promise<Reply | null>

interface Outcome {
  readonly reply: Reply | null
  readonly errcode: number | null
  /** The answer's fields; undefined where there is none of the sandbox' own. */
  readonly fields?: Record<string, unknown>
}

function respond(world: World, request: ApiRequest): Outcome {
  const endpoint = endpoints.get(request.path)
  let answer: object | number
  if (!endpoint) answer = 40066
  else if (request.method !== endpoint.method) answer = endpoint.method === 'GET' ? 43001 : 43002
  else answer = endpoint.answer(world, request)
  const fields = typeof answer === 'number' ? world.error(answer) : answer
  const errcode = 'errcode' in fields ? (fields.errcode as number) : 0
  return { reply: wechatReply(endpoint ? 200 : 404, fields), errcode, fields: { ...fields } }
}

/** What the fault answers in place of the endpoint; undefined where the endpoint itself shall answer. */
function instead(world: World, fault: SandboxFault): Outcome | undefined {
  const { errcode, status, body } = fault
  if (errcode !== undefined) {
    const fields = { ...world.error(errcode) }
    return { reply: wechatReply(status ?? 200, fields), errcode, fields }
  }
  if (body !== undefined) {
    const reply = wechatReply(status ?? 200, body)
    return {
      reply: typeof body === 'string' ? { ...reply, body } : reply,
      errcode: null,
    }
  }
  if (status === undefined) return undefined
  const html = `<html><head><title>${String(status)}</title></head><body><h1>${String(status)}</h1></body></html>\r\n`
  return { reply: { status, headers: { 'Content-Type': 'text/html' }, body: html }, errcode: null }
}

function readBody(mask: Mask, body: string): { body?: unknown } {
  if (body === '') return {}
  try {
    const value: unknown = JSON.parse(body)
    if (isJsonObject(value)) return { body: mask.fields(Object.entries(value)) }
  } catch {
    // Told apart below: what it was is not worth an error here.
  }
  return { body: `(${String(body.length)} characters, no JSON object)` }
}

/** A fault in a few words. */
function describeFault({ errcode, status, body, delayMs, drop }: SandboxFault): string {
  const parts = [
    errcode === undefined ? '' : `errcode ${String(errcode)}`,
    status === undefined ? '' : `HTTP ${String(status)}`,
    body === undefined ? '' : 'another body',
    drop === undefined ? '' : `cut ${drop} processing`,
    delayMs === undefined ? '' : `delay ${String(delayMs)} ms`,
  ]
  return parts.filter((part) => part !== '').join(', ')
}

const flatten = (headers: Reply['headers']): string[] => Object.entries(headers).flat()

export function createWeChatApi(
  { world, faults, journal, wire }: Pick<Controlled, 'world' | 'faults' | 'journal' | 'wire'>,
  mask: Mask,
): WeChatApi {
  const begin = (request: WeChatRequest): WireExchange => {
    const { method, path, url, rawHeaders, body } = request
    return wire.begin({
      from: 'server',
      to: 'wechat',
      title: `${method} ${path}`,
      user: userOf(world, request),
      request: {
        kind: 'http',
        line: `${method} ${url} HTTP/1.1`,
        headers: rawHeaders,
        body: body === '' ? undefined : body,
      },
    })
  }

  return async (request, signal) => {
    const time = world.clock.now()
    const start = performance.now()
    const exchange = begin(request)
    const fault = faults.take(request.path)

    let result: Outcome = { reply: null, errcode: null }
    if (fault?.drop !== 'before') {
      result = (fault && instead(world, fault)) ?? respond(world, request)
    }
    let outcome: SandboxRequest['outcome'] = 'answered'
    if (fault?.drop !== undefined) outcome = 'dropped'
    if (fault?.delayMs !== undefined && !(await pause(fault.delayMs, signal))) outcome = 'gone'

    const { errcode, status, delayMs, drop } = fault ?? {}
    const answered = outcome === 'answered' ? result.reply : null
    exchange.end({
      outcome,
      status: answered?.status,
      errcode: answered ? result.errcode : null,
      fault: fault && describeFault(fault),
      response: answered
        ? {
            kind: 'http',
            line: statusLine(answered.status),
            headers: flatten(answered.headers),
            body: answered.body as string,
          }
        : undefined,
    })
    journal.add({
      time,
      method: request.method,
      path: mask.text(request.path),
      query: mask.fields(request.query) as Record<string, string>,
      ...readBody(mask, request.body),
      outcome,
      status: answered?.status ?? null,
      errcode: answered ? result.errcode : null,
      ...(answered && result.fields && { reply: mask.reply(result.fields) }),
      ...(fault && {
        fault: {
          ...(errcode !== undefined && { errcode }),
          ...(status !== undefined && { status }),
          ...(delayMs !== undefined && { delayMs }),
          ...(drop !== undefined && { drop }),
        },
      }),
      ms: Math.round((performance.now() - start) * 1000) / 1000,
    })
    return answered
  }
}
