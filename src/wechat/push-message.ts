import { createHash } from 'node:crypto'
import { WxLoginError } from '../errors.js'
import type { WxAccountEventName, WxPushMessage } from '../push-types.js'
import { isJsonObject } from './json.js'

/** No message of WeChat nests deeper than a few levels: what does is an attack. */
const maxDepth = 16

/** The text is not quoted: it can say anything of a user. */
const malformed = (what: string): WxLoginError =>
  new WxLoginError('WX_BAD_REQUEST', { message: `The message ${what}.` })

type Entries = [name: string, value: unknown][]

/** An object of the entries; names that come several times, as lists do in XML, get a list. */
function collect(entries: Entries): Record<string, unknown> {
  const lists = new Map<string, unknown[]>()
  for (const [name, value] of entries) lists.set(name, [...(lists.get(name) ?? []), value])
  return Object.fromEntries(
    [...lists].map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  )
}

/** Elements become objects, text and CDATA strings. Attributes, which WeChat does not use, are left out. */
function parseXml(text: string): unknown {
  const open: { name: string; text: string; children: Entries }[] = []
  const root: Entries = []
  // Only those pay for it who get XML.
  const { SaxesParser } = require('saxes') as typeof import('saxes')
  const parser = new SaxesParser({ position: false })
  const addText = (more: string): void => {
    const inner = open.at(-1)
    if (inner) inner.text += more
  }
  parser.on('doctype', () => {
    throw malformed('must not have a DOCTYPE')
  })
  parser.on('opentag', ({ name }) => {
    if (open.length > maxDepth) throw malformed('is nested too deeply')
    open.push({ name, text: '', children: [] })
  })
  parser.on('text', addText)
  parser.on('cdata', addText)
  parser.on('closetag', () => {
    const { name, text, children } = open.pop()!
    const value = children.length > 0 ? collect(children) : text
    ;(open.at(-1)?.children ?? root).push([name, value])
  })
  try {
    parser.write(text).close()
  } catch (error) {
    throw WxLoginError.is(error) ? error : malformed('is not well-formed XML')
  }
  return root[0]![0] === 'xml' ? root[0]![1] : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw malformed('is neither XML nor JSON')
  }
}

/** A copy whose names name no prototype, and which is not nested too deeply. */
function plain(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > maxDepth) throw malformed('is nested too deeply')
  if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1))
  const entries = Object.entries(value).filter(([name]) => name.trim() !== '__proto__')
  return Object.fromEntries(entries.map(([name, inner]) => [name, plain(inner, depth + 1)]))
}

/**
 * A parsed message with its names trimmed: in WeChat's own examples of JSON some begin with a space.
 *
 * @throws `WX_BAD_REQUEST` where it is no object, has no fields, or nests too deeply
 */
export function toPushMessage(parsed: unknown): WxPushMessage {
  const message = plain(parsed)
  if (!isJsonObject(message) || Object.keys(message).length === 0) {
    throw malformed('must be an <xml> element with fields, or a JSON object')
  }
  return Object.fromEntries(Object.entries(message).map(([name, value]) => [name.trim(), value]))
}

/**
 * Reads a message, XML or JSON as its first character says: WeChat's content types tell nothing. Of XML only
 * elements, text and the five entities that every document has: nothing is expanded, nothing is fetched.
 *
 * @throws `WX_BAD_REQUEST` for anything else; what it says quotes nothing of the message
 */
export function readPushMessage(text: string): WxPushMessage {
  const trimmed = text.trim()
  return toPushMessage(trimmed.startsWith('<') ? parseXml(trimmed) : parseJson(trimmed))
}

const accountEvents: readonly string[] = [
  'user_authorization_revoke',
  'user_authorization_cancellation',
  'user_info_modified',
] satisfies WxAccountEventName[]

/** What a message tells of a user's account. */
export interface AccountEvent {
  event: WxAccountEventName
  appid?: string
  openid?: string
  unionid?: string
  revokeInfo?: string
}

/** Something that names an app or a user, and may stand in a key. */
const isId = (value: unknown): value is string =>
  typeof value === 'string' && /^[\w-]{1,128}$/.test(value)

/**
 * The account event in a message, with those of its fields that are of the right shape; undefined where the message
 * is something else.
 *
 * https://developers.weixin.qq.com/miniprogram/dev/server/event_push/platform/authorized_user_information_changes
 */
export function accountEventOf(message: WxPushMessage): AccountEvent | undefined {
  const { Event: event, AppID: appid, OpenID: openid, UnionID: unionid, RevokeInfo: info } = message
  if (typeof event !== 'string' || !accountEvents.includes(event)) return undefined
  return {
    event: event as WxAccountEventName,
    ...(isId(appid) && { appid }),
    ...(isId(openid) && { openid }),
    ...(isId(unionid) && { unionid }),
    ...((typeof info === 'string' || typeof info === 'number') &&
      /^\d{1,10}$/.test(String(info)) && { revokeInfo: String(info) }),
  }
}

/**
 * Tells messages apart, whatever request they came with: by all they say, `CreateTime` included. What WeChat sends
 * again says the same.
 */
export function pushMessageId(message: WxPushMessage): string {
  const sorted = Object.entries(message).sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(sorted)).digest('base64url')
}
