import { createHash, randomBytes } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

export interface FakeWeChat {
  readonly baseUrl: string
  /** Environment of an app that talks to it. */
  readonly env: Record<string, string>
  /** Every session_key it gave, by code. */
  readonly sessionKeys: Map<string, string>
  /** What it answers from now on; the default is a new session_key for the user the code names. */
  answer: (code: string, res: ServerResponse) => void
  /** Keeps exchanges waiting until the function it returns is called. */
  hold(): () => void
  /** Resolves when so many exchanges have arrived altogether. */
  received(count: number): Promise<void>
  /** Answers as WeChat does. */
  grant(code: string, res: ServerResponse, more?: { unionid?: string }): void
  close(): Promise<void>
}

/**
 * A WeChat in the hands of the test, where the sandbox hides what a test must see (session keys) or
 * cannot wait for events. A code is `<user>-<anything>`.
 */
export async function startFakeWeChat(): Promise<FakeWeChat> {
  let arrived = 0
  let gate: Promise<void> = Promise.resolve()
  const waiting = new Set<() => void>()
  const server = createServer((req, res) => {
    const code = new URL(req.url ?? '', 'http://wechat').searchParams.get('js_code') ?? ''
    arrived++
    for (const look of [...waiting]) look()
    void gate.then(() => fake.answer(code, res))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const fake: FakeWeChat = {
    baseUrl,
    env: {
      WX_API_BASE: baseUrl,
      WX_APPID: 'wxc0ffee00c0ffee00',
      WX_SECRET: 'c0ffee'.repeat(6).slice(0, 32),
    },
    sessionKeys: new Map(),
    answer: (code, res) => fake.grant(code, res),
    hold() {
      let open = (): void => {}
      gate = new Promise((resolve) => {
        open = resolve
      })
      return open
    },
    received: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (arrived < count) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
    grant(code, res, more) {
      const sessionKey = randomBytes(16).toString('base64')
      fake.sessionKeys.set(code, sessionKey)
      const openid = `o${createHash('sha256')
        .update(code.split('-')[0] ?? '')
        .digest('base64url')
        .slice(0, 27)}`
      res.setHeader('Content-Type', 'text/plain') // as WeChat does
      res.end(JSON.stringify({ openid, session_key: sessionKey, ...more }))
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return fake
}

/** `rawData` and WeChat's signature for it, as `wx.getUserInfo` gives them. */
export function signed(
  profile: object,
  sessionKey: string,
): { rawData: string; signature: string } {
  const rawData = JSON.stringify(profile)
  return {
    rawData,
    signature: createHash('sha1')
      .update(rawData + sessionKey)
      .digest('hex'),
  }
}
