import express, { type Request, type Response } from 'express'
import { WxLoginError } from '../errors.js'
import type { WxPushMessage } from '../push-types.js'
import { explained } from '../start-up.js'
import { isJsonObject } from '../wechat/json.js'
import { readPushMessage, toPushMessage } from '../wechat/push-message.js'
import { badRequest, maxBody } from './body.js'

/** How far WeChat's clock and ours may be apart, in ms. */
const maxSkew = 5 * 60_000
const parse = express.raw({ limit: maxBody, type: () => true, inflate: false })
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * One answer to everything that does not prove to be WeChat's.
 *
 * @param reason - what was wrong, for the operator
 */
export const notFromWeChat = (reason: string): WxLoginError =>
  new WxLoginError('WX_BAD_REQUEST', {
    status: 403,
    message: 'This is not a message of WeChat.',
    reason: `message push: ${reason}`,
  })

/** What WeChat puts in the URL of every push; parts that are missing are empty. */
export type PushQuery = Readonly<
  Record<'signature' | 'timestamp' | 'nonce' | 'echostr' | 'encrypt_type' | 'msg_signature', string>
>

/**
 * Reads the URL itself, whatever query parser the app has.
 *
 * @throws 403 where the time in it is more than five minutes from now, or a part is there twice
 */
export function readPushQuery(req: Request): PushQuery {
  const mark = req.originalUrl.indexOf('?')
  const params = new URLSearchParams(mark === -1 ? '' : req.originalUrl.slice(mark + 1))
  const one = (name: string): string => {
    const given = params.getAll(name)
    if (given.length > 1) throw notFromWeChat(`${name} is there twice`)
    return given[0] ?? ''
  }
  const query = {
    signature: one('signature'),
    timestamp: one('timestamp'),
    nonce: one('nonce'),
    echostr: one('echostr'),
    encrypt_type: one('encrypt_type'),
    msg_signature: one('msg_signature'),
  }
  if (!/^\d{1,12}$/.test(query.timestamp)) throw notFromWeChat('the timestamp is missing')
  if (Math.abs(Date.now() - Number(query.timestamp) * 1000) > maxSkew) {
    throw notFromWeChat('the timestamp is more than five minutes from this clock')
  }
  return query
}

const tooLarge = (): WxLoginError => badRequest('The message must be at most 32 kB.', 413)

function parserError({ status }: { status?: unknown }): WxLoginError {
  if (status === 413) return tooLarge()
  if (status === 415) return badRequest('The message must not be compressed.', 415)
  return badRequest('The message did not arrive whole.')
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw badRequest('The message is not UTF-8.')
  }
}

/** What a parser in front of the plugin made of the body, where that is JSON as it came. */
function isParsedJson(body: unknown, req: Request): body is Record<string, unknown> {
  if (!isJsonObject(body)) return false
  // Parsers of XML leave lists, and names in other letters, under the root element.
  if (typeof body['xml'] === 'object') return false
  // Express 4 leaves an empty object where nothing was parsed.
  return Object.keys(body).length > 0 || req.is('application/json') !== false
}

/**
 * Reads the body as text or, where the app has parsed it already, takes what it made of it.
 *
 * @throws `WX_BAD_REQUEST` 400, 413 over 32 kB, 415 compressed; `WX_APP_CONFIG` where the app has read the body and
 *   left nothing of use
 */
export async function readPushBody(req: Request, res: Response): Promise<WxPushMessage> {
  if (Number(req.get('content-length')) > maxBody) throw tooLarge()
  const readBefore = req.readableDidRead
  await new Promise<void>((resolve, reject) => {
    parse(req, res, (error?: unknown) => {
      if (error) reject(parserError(error))
      else resolve()
    })
  })
  const body: unknown = req.body
  if (Buffer.isBuffer(body) || typeof body === 'string') {
    if (Buffer.byteLength(body) > maxBody) throw tooLarge()
    if (body.length > 0) return readPushMessage(typeof body === 'string' ? body : decode(body))
  }
  if (!readBefore) throw badRequest('The message is missing.')
  if (!isParsedJson(body, req)) {
    throw new WxLoginError('WX_APP_CONFIG', {
      message: explained(
        'The body of a message push was read before wxLogin saw it: put app.use(wxLogin(...)) before body parsers, or give it as text.',
        'read-body',
      ),
    })
  }
  if (JSON.stringify(body).length > maxBody) throw tooLarge()
  return toPushMessage(body)
}
