/**
 * Sends text until the function it returned is called. `send` tells whether the reader keeps up; what is sent although
 * it does not is kept for it, up to a limit at which it is cut off.
 */
export type TextStream = (send: (text: string) => boolean) => () => void

/** An HTTP answer, however it travels. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | TextStream
}

/** JSON of the sandbox' own control surface. */
export const jsonReply = (
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): Reply => ({
  status,
  headers: {
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
    ...headers,
  },
  body: JSON.stringify(value),
})

/** JSON the way WeChat sends it: as text. */
export const wechatReply = (status: number, value: unknown): Reply => ({
  status,
  headers: { 'Content-Type': 'text/plain' },
  body: JSON.stringify(value),
})
