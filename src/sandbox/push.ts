import * as v from 'valibot'
import { encryptPush, signPush } from '../wechat/message-push.js'
import type { Apps } from './apps.js'
import { check } from './check.js'
import type { Pusher, SandboxMessage, SandboxPushReply, SandboxPushTarget } from './push-types.js'
import type { Seeds } from './seed.js'
import { statusLine } from './status-line.js'
import type { SandboxClock } from './types.js'
import type { Users } from './users.js'
import type { WireRecorder } from './wire/recorder.js'

/** How long WeChat waits for an answer, in ms. */
const patience = 5000
const maxAnswer = 64 * 1024

const eitherFormat = 'must be xml or json'
const times = 'must be a whole number from 1 to 3'

/** The parts of a target that can also come over HTTP. */
export const targetEntries = {
  url: v.pipe(
    v.string('must be an http or https URL'),
    v.check(
      (url) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol),
      'must be an http or https URL',
    ),
  ),
  token: v.pipe(
    v.string('must be 3 to 32 letters and digits'),
    v.regex(/^[A-Za-z0-9]{3,32}$/, 'must be 3 to 32 letters and digits'),
  ),
  encodingAESKey: v.optional(
    v.pipe(
      v.string('must be 43 letters and digits'),
      v.regex(/^[A-Za-z0-9]{43}$/, 'must be 43 letters and digits'),
    ),
  ),
  format: v.optional(v.picklist(['xml', 'json'], eitherFormat)),
  appid: v.optional(v.string('must be a string')),
  times: v.optional(
    v.pipe(v.number(times), v.integer(times), v.minValue(1, times), v.maxValue(3, times)),
  ),
}

const target = v.object(
  { ...targetEntries, fetch: v.optional(v.function('must be a function')) },
  'the target must be an object',
)

const message = v.record(
  v.pipe(v.string(), v.regex(/^ ?[A-Za-z_][\w.-]*$/, 'must have names that XML can have')),
  v.union([v.string(), v.number()], 'must have texts and numbers'),
  'the message must be an object',
)

function toXml(fields: SandboxMessage): string {
  const elements = Object.entries(fields).map(([name, value]) => {
    // A text that ends the CDATA goes on in the next one.
    const text =
      typeof value === 'number'
        ? String(value)
        : `<![CDATA[${value.replaceAll(']]>', ']]]]><![CDATA[>')}]]>`
    return `<${name.trim()}>${text}</${name.trim()}>`
  })
  return `<xml>\n${elements.join('\n')}\n</xml>`
}

/** What a pusher is made of. */
export interface PusherParts {
  readonly seeds: Seeds
  readonly clock: SandboxClock
  readonly apps: Apps
  readonly users: Users
  readonly wire: WireRecorder
}

/** Sends messages and URL verifications, signed and encrypted as WeChat does. */
export function createPusher({ seeds, clock, apps, users, wire }: PusherParts): Pusher {
  let count = 0

  function fresh(): { timestamp: string; nonce: string; random: Buffer } {
    count += 1
    const bytes = seeds.secret('push', count)
    return {
      timestamp: String(Math.floor(clock.now() / 1000)),
      nonce: String(bytes.readUInt32BE(16)),
      random: bytes.subarray(0, 16),
    }
  }

  async function ask(
    { url, fetch: send = fetch }: SandboxPushTarget,
    query: Record<string, string>,
    init: { method: string; headers?: Record<string, string>; body?: string },
    user: string | null,
  ): Promise<Omit<SandboxPushReply, 'sent'>> {
    const full = new URL(url)
    for (const [name, value] of Object.entries(query)) full.searchParams.append(name, value)
    const { method, headers = {}, body } = init
    const exchange = wire.begin({
      from: 'wechat',
      to: 'server',
      title: `${method} ${full.pathname}`,
      user,
      request: {
        kind: 'http',
        line: `${method} ${full.pathname}${full.search} HTTP/1.1`,
        headers: ['Host', full.host, ...Object.entries(headers).flat()],
        body,
        origin: full.origin,
      },
    })
    try {
      // WeChat follows no redirect.
      const signal = AbortSignal.timeout(patience)
      const response = await send(full.href, { ...init, redirect: 'manual', signal })
      const { status } = response
      const text = (await response.text()).slice(0, maxAnswer)
      exchange.end({
        outcome: 'answered',
        status,
        response: {
          kind: 'http',
          line: statusLine(status),
          headers: [...response.headers].flat(),
          body: text,
        },
      })
      return { status, body: text }
    } catch {
      exchange.end({ outcome: 'failed', error: 'no answer' })
      return { status: null, body: '' }
    }
  }

  /** The request for one message; another one each time. */
  function request(
    fields: SandboxMessage,
    { token, encodingAESKey, format }: SandboxPushTarget,
    appid: string,
  ): { query: Record<string, string>; init: Parameters<typeof ask>[2] } {
    const write = format === 'xml' ? toXml : JSON.stringify
    const { timestamp, nonce, random } = fresh()
    const query: Record<string, string> = {
      signature: signPush(token, timestamp, nonce),
      timestamp,
      nonce,
      openid: String(fields['FromUserName'] ?? ''),
    }
    let body = write(fields)
    if (encodingAESKey !== undefined) {
      const encrypted = encryptPush({ message: body, appid }, encodingAESKey, random)
      query['encrypt_type'] = 'aes'
      query['msg_signature'] = signPush(token, timestamp, nonce, encrypted)
      body = write({ ToUserName: fields['ToUserName'] ?? '', Encrypt: encrypted })
    }
    const headers = { 'Content-Type': format === 'xml' ? 'text/xml' : 'application/json' }
    return { query, init: { method: 'POST', headers, body } }
  }

  return {
    async push(fields, to) {
      check(target, to, 'push: ')
      check(message, fields, 'push: ')
      const appid = apps.pick(to.appid)
      const openid = String(fields['OpenID'] ?? fields['FromUserName'] ?? '')
      const user = users.nameOf(openid, appid) ?? null
      let sent = 0
      let reply: Omit<SandboxPushReply, 'sent'>
      do {
        const { query, init } = request(fields, to, appid)
        reply = await ask(to, query, init, user)
        sent += 1
      } while (reply.status !== 200 && sent < (to.times ?? 1))
      return { ...reply, sent }
    },

    async verifyUrl(to) {
      check(target, to, 'verifyUrl: ')
      const { timestamp, nonce, random } = fresh()
      const echostr = String(random.readBigUInt64BE())
      const signature = signPush(to.token, timestamp, nonce)
      const query = { signature, echostr, timestamp, nonce }
      const reply = await ask(to, query, { method: 'GET' }, null)
      return { ...reply, verified: reply.status === 200 && reply.body === echostr }
    },
  }
}
