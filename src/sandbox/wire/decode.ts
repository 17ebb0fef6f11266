import type { AccessTokens } from '../access-tokens.js'
import type { Apps } from '../apps.js'
import { shortHash } from '../mask.js'
import type { SessionKeys } from '../session-keys.js'
import type { SandboxClock } from '../types.js'
import { asObject } from './content.js'
import {
  decodeEncrypted,
  decodeSignature,
  keyName,
  step,
  type OwnKey,
  type RawDecoded,
} from './decode-open-data.js'
import type { Veil } from './secrets.js'

/** What the sandbox knows that a reader of the wire does not. */
export interface DecodeParts {
  readonly apps: Apps
  readonly keys: SessionKeys
  readonly tokens: AccessTokens
  readonly clock: Pick<SandboxClock, 'now'>
}

/** A message, as far as there is something in it to take apart. */
export interface DecodeInput {
  readonly user: string | null
  /** Bodies of both sides. */
  readonly objects: readonly Readonly<Record<string, unknown>>[]
  /** Of the query: where the server says which access token it has. */
  readonly accessToken: string | undefined
  readonly veil: Veil
}

/** The objects in which phones' data can be: a body, and what it holds. */
function candidates(objects: DecodeInput['objects']): Record<string, unknown>[] {
  const inner = (object: Readonly<Record<string, unknown>>): Record<string, unknown>[] =>
    Object.values(object)
      .map(asObject)
      .filter((one) => one !== undefined)
  return objects.flatMap((object) => {
    const first = inner(object)
    return [object, ...first, ...first.flatMap(inner)]
  })
}

function textOf(object: Record<string, unknown>, ...names: string[]): string | undefined {
  const value = names.map((name) => object[name]).find((one) => one !== undefined)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** What the sandbox, who knows the keys, can say of a message. */
export function decodeMessage(parts: DecodeParts, input: DecodeInput): RawDecoded[] {
  const { user, objects, veil, accessToken } = input
  const historyOf = (name: string): OwnKey[] =>
    parts.apps.all.flatMap(({ appid }) =>
      parts.keys.history(name, appid).keys.map((key, age): OwnKey => ({ key, appid, age })),
    )
  const own = user === null ? [] : historyOf(user)
  const decoded: RawDecoded[] = []
  for (const object of candidates(objects).slice(0, 50)) {
    const rawData = textOf(object, 'rawData', 'raw_data')
    const signature = textOf(object, 'signature')
    if (rawData !== undefined && signature !== undefined) {
      decoded.push(decodeSignature(veil, own, rawData, signature))
    }
    const encryptedData = textOf(object, 'encryptedData', 'encrypted_data', 'encryptData')
    const iv = textOf(object, 'iv')
    if (encryptedData !== undefined && iv !== undefined) {
      decoded.push(...decodeEncrypted(parts.clock.now(), veil, own, encryptedData, iv))
    }
    const sessionKey = textOf(object, 'session_key')
    if (sessionKey !== undefined) decoded.push(decodeKey(sessionKey, own))
  }
  if (accessToken !== undefined) decoded.push(decodeToken(parts, accessToken))
  return decoded
}

function decodeKey(sessionKey: string, own: readonly OwnKey[]): RawDecoded {
  const known = own.find(({ key }) => key === sessionKey)
  const current = own.find(({ appid, age }) => age === 0 && (!known || appid === known.appid))
  return {
    kind: 'key',
    ok: current ? current.key === sessionKey : null,
    steps: [
      step(
        'keyId of the answer = sha256(session_key)[0..8]',
        '应答的 keyId = sha256(session_key)[0..8]',
        shortHash(sessionKey),
      ),
      step(
        "keyId of the phone's current key",
        '手机当前密钥的 keyId',
        current ? shortHash(current.key) : '?',
      ),
      ...(known ? [{ label: keyName(known), shown: shortHash(known.key) }] : []),
    ],
  }
}

function decodeToken({ apps, tokens, clock }: DecodeParts, text: string): RawDecoded {
  const checked = tokens.check(text)
  const good = typeof checked === 'object'
  const newest = apps.all
    .map(({ appid }) => tokens.newest(appid))
    .find((token) => token?.text === text)
  const left = newest && Math.max(0, Math.floor((newest.expiresAt - clock.now()) / 1000))
  return {
    kind: 'token',
    ok: good,
    steps: [
      step('access_token', 'access_token', shortHash(text)),
      good
        ? step('appid of the token', 'token 所属的 appid', checked.appid)
        : step('Now refused with', '现在会被拒绝', String(checked)),
      ...(left === undefined ? [] : [step('Valid for', '剩余有效期', `${String(left)} s`)]),
    ],
  }
}
