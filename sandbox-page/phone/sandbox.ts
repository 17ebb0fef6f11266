import type { SandboxConfig, SandboxState } from '../../src/sandbox/wire/types.js'

/** What the phone asks the sandbox itself, beside what `wx` needs. */
export interface SandboxLink {
  config(): Promise<SandboxConfig>
  state(user: string, appid: string): Promise<SandboxState>
  /** The number that is bound to the user's WeChat from now on. */
  setPhoneNumber(user: string, number: string): Promise<void>
}

/** The sandbox said no; the message is its own. */
export class SandboxRefusal extends Error {}

async function ask<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await fetch(`/__sandbox/${path}`, init)
  const reply = (await response.json()) as T & { error?: { message: string } }
  if (response.ok) return reply
  throw new SandboxRefusal(reply.error?.message ?? `HTTP ${String(response.status)}`)
}

/** The sandbox that this page comes from. */
export const sandbox: SandboxLink = {
  config: () => ask('config'),
  state: (user, appid) => ask(`state?${new URLSearchParams({ user, appid }).toString()}`),
  async setPhoneNumber(user, number) {
    const phone = { phoneNumber: number, purePhoneNumber: number, countryCode: '86' }
    await ask('users', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: user, phone }),
    })
  },
}
