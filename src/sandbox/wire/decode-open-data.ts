import { createDecipheriv } from 'node:crypto'
import { base64, decryptData, verifySignature } from '../../wechat/open-data.js'
import { signRawData } from '../cipher.js'
import { shortHash } from '../mask.js'
import { asObject, maskLeaf } from './content.js'
import type { Veil } from './secrets.js'
import type { WireDecoded } from './types.js'

type Label = WireDecoded['steps'][number]['label']

/** A step with what it shows, and the value itself where that is a secret. */
export interface RawStep {
  readonly label: Label
  readonly shown: string
  readonly raw?: string | undefined
}

export type RawDecoded = Omit<WireDecoded, 'steps'> & { readonly steps: RawStep[] }

/** A key that a phone has or had. */
export interface OwnKey {
  readonly key: string
  readonly appid: string
  /** How many came after it: 0 for the valid one. */
  readonly age: number
}

/** One step. @param raw - the value itself where `shown` hides it */
export const step = (en: string, zh: string, shown: string, raw?: string): RawStep => ({
  label: { en, zh },
  shown,
  raw,
})

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Which of the phone's keys it is. */
export const keyName = ({ age }: OwnKey): RawStep['label'] =>
  age === 0
    ? { en: "the phone's current key", zh: '手机当前的密钥' }
    : {
        en: `an earlier key of the phone (${String(age)} before)`,
        zh: `手机以前的密钥（往前第 ${String(age)} 个）`,
      }

/** The key that was tried, and whether it is the one. */
function keySteps(veil: Veil, tried: OwnKey, fits: boolean): RawStep[] {
  const name = keyName(tried)
  const shown = String(veil.value('session_key', tried.key))
  const text = fits
    ? { en: `session_key: ${name.en}`, zh: `session_key：${name.zh}` }
    : {
        en: `session_key: none fits; tried ${name.en}`,
        zh: `session_key：都不符合；以${name.zh}试算`,
      }
  return [
    { label: text, shown, raw: tried.key },
    step(
      'keyId = sha256(session_key)[0..8]',
      'keyId = sha256(session_key)[0..8]',
      shortHash(tried.key),
    ),
  ]
}

const unknownUser = (what: string): RawStep =>
  step(
    'Whose phone made this is not known, or it never had a key',
    '不知道是谁的手机，或它还没有密钥',
    what,
  )

/** A signature computed again. */
export function decodeSignature(
  veil: Veil,
  keys: readonly OwnKey[],
  rawData: string,
  signature: string,
): RawDecoded {
  const fitting = keys.find(({ key }) => verifySignature({ rawData, signature, sessionKey: key }))
  const tried = fitting ?? keys[0]
  const raw = step(
    'rawData, as it was sent',
    'rawData（原样）',
    String(veil.value('rawData', rawData)),
  )
  if (!tried) return { kind: 'signature', ok: null, steps: [raw, unknownUser('signature')] }
  const computed = signRawData(rawData, tried.key)
  return {
    kind: 'signature',
    ok: fitting !== undefined,
    steps: [
      raw,
      ...keySteps(veil, tried, fitting !== undefined),
      step(
        'sha1(rawData + session_key)',
        'sha1(rawData + session_key)',
        String(veil.value('signature', computed)),
        computed,
      ),
      step(
        'signature, as it was sent',
        'signature（收到的）',
        String(veil.value('signature', signature)),
        signature,
      ),
      step('Equal?', '是否相等？', fitting ? '=' : '≠'),
    ],
  }
}

/** What is left when the padding is not taken off. */
function decryptRaw(bytes: Buffer, iv: Buffer, key: string): Buffer {
  const decipher = createDecipheriv('aes-128-cbc', Buffer.from(key, 'base64'), iv)
  decipher.setAutoPadding(false)
  return Buffer.concat([decipher.update(bytes), decipher.final()])
}

function describePadding(plain: Buffer): { length: number; text: string } {
  const length = plain.at(-1)!
  const good =
    length >= 1 && length <= 16 && plain.subarray(-length).every((byte) => byte === length)
  const last = hex(plain.subarray(-1))
  return good
    ? { length, text: `0x${last} × ${String(length)} (PKCS#7)` }
    : { length: 0, text: `0x${last}: ✗ PKCS#7` }
}

function readData(
  encryptedData: string,
  iv: string,
  key: string,
): Record<string, unknown> | undefined {
  try {
    return decryptData({ encryptedData, iv, sessionKey: key })
  } catch {
    return undefined
  }
}

function decodeWatermark(
  now: number,
  { appid }: OwnKey,
  data: Record<string, unknown>,
): RawDecoded {
  const watermark = asObject(data['watermark'])
  if (!watermark) {
    const missing = step('watermark', 'watermark', '✗')
    return { kind: 'watermark', ok: false, steps: [missing] }
  }
  const seconds = Number(watermark['timestamp'])
  const good = Number.isSafeInteger(seconds) && Math.abs(seconds) < 8.64e12
  const time = good ? new Date(seconds * 1000).toISOString() : '✗'
  const age = good ? `${String(Math.floor(now / 1000) - seconds)} s` : '✗'
  return {
    kind: 'watermark',
    ok: watermark['appid'] === appid && good,
    steps: [
      step('watermark.appid', 'watermark.appid', String(watermark['appid'])),
      step('appid of the key', '密钥所属的 appid', appid),
      step('watermark.timestamp', 'watermark.timestamp', time),
      step("Age by the sandbox' clock", '按沙箱时钟的已过时间', age),
    ],
  }
}

/** Data decrypted, and its watermark where that works. */
export function decodeEncrypted(
  now: number,
  veil: Veil,
  keys: readonly OwnKey[],
  encryptedData: string,
  iv: string,
): RawDecoded[] {
  const bytes = base64(encryptedData)
  const start = base64(iv)
  if (!bytes || bytes.length === 0 || bytes.length % 16 !== 0 || start?.length !== 16) {
    const shape = step(
      'encryptedData and iv are not base64 of whole blocks and of 16 bytes',
      'encryptedData、iv 不是整块与 16 字节的 base64',
      `${String(bytes?.length ?? 0)} / ${String(start?.length ?? 0)}`,
    )
    return [{ kind: 'decryption', ok: false, steps: [shape] }]
  }
  const fitting = keys.find(({ key }) => readData(encryptedData, iv, key) !== undefined)
  const tried = fitting ?? keys[0]
  const blocks = `${String(bytes.length)} B = ${String(bytes.length / 16)} × 16`
  if (!tried) return [{ kind: 'decryption', ok: null, steps: [unknownUser(blocks)] }]
  const plain = decryptRaw(bytes, start, tried.key)
  const padding = describePadding(plain)
  const text = plain.subarray(0, plain.length - padding.length).toString('utf8')
  const decryption: RawDecoded = {
    kind: 'decryption',
    ok: fitting !== undefined,
    steps: [
      ...keySteps(veil, tried, fitting !== undefined),
      step('iv', 'iv', String(veil.value('iv', iv)), iv),
      step('encryptedData', 'encryptedData', blocks),
      step('First block in', '第一块密文', hex(bytes.subarray(0, 16))),
      step('First block out', '第一块明文', veil.text(plain.subarray(0, 16).toString('utf8'))),
      step('Padding', '填充', padding.text),
      ...(fitting
        ? [step('Plaintext', '明文', String(maskLeaf(veil, '', text)), text)]
        : [step('Plaintext: no JSON', '明文：不是 JSON', hex(plain.subarray(0, 32)))]),
    ],
  }
  const data = fitting && readData(encryptedData, iv, fitting.key)
  return data ? [decryption, decodeWatermark(now, fitting, data)] : [decryption]
}
