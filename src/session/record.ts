import { hash } from 'node:crypto'
import type { SessionData } from 'express-session'
import type { WxIdentity } from '../types.js'

/**
 * What a session keeps of the login, under `wx`: written once, at the login, and never changed.
 * `v` is the format; a record of another format counts as no session.
 */
export interface WxSessionRecord extends WxIdentity {
  v: 1
  /** Time of the login, Unix ms. */
  loginAt: number
  /** The sealed session_key. */
  key: string
  /** First 8 hex digits of sha256(session_key): lets the phone compare keys without seeing one. */
  keyId: string
  /** How long before the login the exchange of its key began, in ms; 0 where it is not there. */
  keyAge?: number
}

declare module 'express-session' {
  interface SessionData {
    /** The login of this session; express-wx-login's own. */
    wx?: WxSessionRecord
    /** What `onUser` returned. */
    wxUser?: unknown
  }
}

/** Loads the types of express-session wherever this file's declarations are used. */
export type WxSessionData = SessionData

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

/** The login kept in a stored session, or null where there is none that can be trusted. */
export function readRecord(session: unknown): WxSessionRecord | null {
  const wx = (session as { wx?: unknown } | null | undefined)?.wx
  if (typeof wx !== 'object' || wx === null) return null
  const { v, appid, openid, unionid, loginAt, key, keyId, keyAge } = wx as Record<string, unknown>
  return v === 1 &&
    isText(appid) &&
    isText(openid) &&
    (unionid === undefined || isText(unionid)) &&
    typeof loginAt === 'number' &&
    Number.isFinite(new Date(loginAt).getTime()) &&
    isText(key) &&
    isText(keyId) &&
    (keyAge === undefined || Number.isFinite(keyAge))
    ? (wx as WxSessionRecord)
    : null
}

/** The public id of a session: names it in lists and logs, opens nothing. */
export function publicId(sid: string): string {
  return hash('sha256', sid, 'base64url').slice(0, 16)
}

/** First 8 hex digits of sha256(session_key). */
export function keyIdOf(sessionKey: string): string {
  return hash('sha256', sessionKey, 'hex').slice(0, 8)
}

/** The key of a login that WeChat gave none for: one through cloud hosting, without a code. */
export const noKey = ''
const noKeyId = keyIdOf(noKey)

/** What the phone is told of the key; null where the login has none. */
export const shownKeyId = ({ keyId }: WxSessionRecord): string | null =>
  keyId === noKeyId ? null : keyId
