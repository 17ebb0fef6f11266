import { createHash } from 'node:crypto'
import type { Request } from 'express'
import { WxLoginError } from '../errors.js'
import { appidPattern } from '../options.js'
import type { WxMessagePushOptions, WxPushMessage } from '../push-types.js'
import { handler } from '../respond.js'
import { reportRevoked, type Runtime } from '../runtime.js'
import { servedApp } from '../served-app.js'
import { available, disconnected } from '../session/store-call.js'
import type { UserSessions } from '../session/user-sessions.js'
import type { OnceClaim } from '../state-types.js'
import type { WxIdentity } from '../types.js'
import { runHook } from '../user-hook.js'
import { decryptPush, isPushSignature } from '../wechat/message-push.js'
import {
  type AccountEvent,
  accountEventOf,
  pushMessageId,
  readPushMessage,
} from '../wechat/push-message.js'
import { badRequest } from './body.js'
import { notFromWeChat, type PushQuery, readPushBody, readPushQuery } from './push-request.js'

type Options = WxMessagePushOptions
type Handler = ReturnType<typeof handler>

function assertSigned({ signature, timestamp, nonce }: PushQuery, { token }: Options): void {
  if (!isPushSignature(signature, token, timestamp, nonce)) throw notFromWeChat('wrong signature')
}

/** `GET` of the push URL: WeChat asks whether the server knows the token, when the URL is entered. */
export function verifyUrlRoute(runtime: Runtime, options: Options): Handler {
  return handler(runtime, async (req, res) => {
    const query = readPushQuery(req)
    assertSigned(query, options)
    // Whatever a browser would make of it.
    res.set('X-Content-Type-Options', 'nosniff').type('text/plain').send(query.echostr)
  })
}

/** A message that is WeChat's, and the app it was encrypted for. */
interface Verified {
  message: WxPushMessage
  sealedFor?: string
}

const encryptedMode = (query: PushQuery): boolean =>
  query.encrypt_type === 'aes' || query.msg_signature !== ''

const keyMissing = (): WxLoginError =>
  badRequest(
    'The message is encrypted: set messagePush.encodingAESKey to the key of the admin console.',
  )

/** Opens an encrypted message. The signature over it comes first, and `signature` says nothing here. */
function open(
  { msg_signature: signature, timestamp, nonce }: PushQuery,
  body: WxPushMessage,
  { token, encodingAESKey }: Options,
): Verified {
  const { Encrypt: encrypted } = body
  if (typeof encrypted !== 'string') throw notFromWeChat('Encrypt is missing')
  if (!isPushSignature(signature, token, timestamp, nonce, encrypted)) {
    throw notFromWeChat('wrong msg_signature')
  }
  if (encodingAESKey === undefined) throw keyMissing()
  const opened = decryptPush(encrypted, encodingAESKey)
  if (!opened) {
    throw badRequest(
      'The message cannot be decrypted: messagePush.encodingAESKey must be the key of the admin console.',
    )
  }
  return { message: readPushMessage(opened.message), sealedFor: opened.appid }
}

async function assertServed(runtime: Runtime, appid: string, req: Request): Promise<void> {
  const unknown = notFromWeChat('the app it is for is not served here')
  if (!appidPattern.test(appid)) throw unknown
  try {
    await servedApp(runtime, appid, req)
  } catch (error) {
    throw WxLoginError.is(error) && error.code === 'WX_APP_UNKNOWN' ? unknown : error
  }
}

/** The account event in a message, of an app that is served; undefined for any other message. */
async function accountEvent(
  runtime: Runtime,
  { message, sealedFor }: Verified,
  req: Request,
): Promise<(AccountEvent & { appid: string }) | undefined> {
  const account = accountEventOf(message)
  const appid = sealedFor ?? account?.appid
  if (account && appid === undefined) throw badRequest('The message has no AppID.')
  if (account?.appid !== undefined && account.appid !== appid) {
    throw notFromWeChat('AppID is not the app it was encrypted for')
  }
  if (appid === undefined) return undefined
  await assertServed(runtime, appid, req)
  return account && { ...account, appid }
}

const idOf = (...parts: string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url')

/**
 * Does the work, unless it has been done. Work that fails may be tried again.
 *
 * @param goesOn - whether after this error the work itself still has the place
 * @throws `WX_BUSY` while it is being done
 */
async function doOnce(
  { once, settings }: Runtime,
  id: string,
  work: (claim: OnceClaim) => Promise<void>,
  goesOn: (error: unknown) => boolean = () => false,
): Promise<void> {
  // A hook, and what ending sessions takes.
  const longest = settings.hookTimeout + 6 * settings.storeTimeout
  const claim = await available(() => once.begin(id, longest))
  if (claim === 'done') return
  if (claim === 'running') {
    throw new WxLoginError('WX_BUSY', {
      message: 'This message is being handled. Send it again.',
      reason: 'message push: the same message is being handled',
    })
  }
  try {
    await work(claim)
  } catch (error) {
    if (!goesOn(error)) await claim.release().catch(() => undefined)
    throw error
  }
  await available(() => claim.done())
}

/** A hook that took too long goes on: whether the message is handled is known when it ends. */
const isLate = (error: unknown): boolean =>
  WxLoginError.is(error) && error.code === 'WX_USER_HOOK_FAILED' && error.status === 503

/** The user has withdrawn what they shared, or is gone: so are the sessions. */
async function endSessions(
  runtime: Runtime,
  sessions: UserSessions,
  { event, appid, openid, unionid, revokeInfo }: AccountEvent & { appid: string },
): Promise<void> {
  // A change of the profile ends nothing; with a plugin of another owner WeChat names no user of this app.
  if (event === 'user_info_modified' || openid === undefined) return
  const user: WxIdentity = { appid, openid, ...(unionid !== undefined && { unionid }) }
  if (event === 'user_authorization_cancellation')
    await available(() => runtime.state.forgetKeys(user))
  const sessionIds = await sessions.endAll(user)
  reportRevoked(runtime, user, {
    sessionIds,
    reason: event,
    ...(revokeInfo !== undefined && { revokeInfo }),
  })
}

/** Tells the app; a hook that ends too late still says whether the message was handled. */
async function tell(
  { settings }: Runtime,
  { onMessage }: Options,
  message: WxPushMessage,
  req: Request,
  claim: OnceClaim,
): Promise<void> {
  let told: Promise<void> | undefined
  try {
    await runHook(settings, 'messagePush.onMessage', () => {
      told = (async () => onMessage!(message, req))()
      return told
    })
  } catch (error) {
    if (isLate(error)) {
      told!
        .then(
          () => claim.done(),
          () => claim.release(),
        )
        .catch(() => undefined)
    }
    throw error
  }
}

/**
 * `POST` of the push URL: a message of WeChat, plain or encrypted, XML or JSON. Ends the sessions of a user who
 * withdrew, tells `onMessage`, each once; WeChat sends again what is not answered 200.
 */
export function messagePushRoute(
  runtime: Runtime,
  sessions: UserSessions,
  options: Options,
): Handler {
  return handler(runtime, async (req, res) => {
    const query = readPushQuery(req)
    const encrypted = encryptedMode(query)
    if (!encrypted && options.encodingAESKey !== undefined) throw notFromWeChat('not encrypted')
    // What is not even signed is not worth reading.
    if (!encrypted) assertSigned(query, options)
    const body = await readPushBody(req, res)
    if (!encrypted && body['Encrypt'] !== undefined) throw keyMissing()
    const read = encrypted ? open(query, body, options) : { message: body }
    const account = await accountEvent(runtime, read, req)
    if (!runtime.storeReady()) throw disconnected()
    // The signature of a plain message covers the URL only: with another message it is a replay too.
    const request = idOf('request', encrypted ? query.msg_signature : query.signature)
    await doOnce(runtime, request, async () => {
      const id = pushMessageId(read.message)
      if (account) {
        await doOnce(runtime, idOf('account', id), () => endSessions(runtime, sessions, account))
      }
      if (options.onMessage) {
        const work = (claim: OnceClaim): Promise<void> =>
          tell(runtime, options, read.message, req, claim)
        await doOnce(runtime, idOf('message', id), work, isLate)
      }
    })
    res.type('text/plain').send('success')
  })
}
