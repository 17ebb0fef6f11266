import { Failure } from './failure.js'
import type { PhoneParts, PhoneWeChat } from './types.js'

/** A sandbox somewhere else. */
export interface SandboxAddress {
  /** Without a slash at the end; below it is `/__sandbox`. */
  baseUrl: string
  appid: string
  fetch?: PhoneParts['fetch']
}

/** WeChat over the control surface of a sandbox: for a phone in a browser, or in another process. Needs no Node. */
export const connectWeChat =
  ({ baseUrl, appid, fetch: send = (url, init) => fetch(url, init) }: SandboxAddress) =>
  (name: string): PhoneWeChat => {
    async function ask<T>(what: string, options: object = {}): Promise<T> {
      const url = `${baseUrl}/__sandbox/users/${encodeURIComponent(name)}/${what}`
      const body = JSON.stringify({ appid, ...options })
      const headers = { 'content-type': 'application/json' }
      const response = await send(url, { method: 'POST', headers, body }).catch(() => {
        throw new Failure('cgi failed for network issues', 108)
      })
      const reply = (await response.json()) as T & { error?: { message: string } }
      if (!response.ok) throw new Error(reply.error?.message ?? `HTTP ${String(response.status)}`)
      return reply
    }
    return {
      login: () => ask('login'),
      checkSession: async () => (await ask<{ valid: boolean }>('check-session')).valid,
      phoneNumber: (options) => ask('phone-number', options),
      userInfo: (options) => ask('user-info', options),
    }
  }
