import type { Request } from 'express'
import type { Awaitable } from './types.js'

/**
 * A message of WeChat's message push (消息推送), verified and decrypted, as WeChat sent it: `MsgType`, `Event`,
 * `CreateTime` and what belongs to the kind of message. Values of XML are strings.
 */
export type WxPushMessage = Readonly<Record<string, unknown>>

/** The events that tell of a user's account. */
export type WxAccountEventName =
  'user_authorization_revoke' | 'user_authorization_cancellation' | 'user_info_modified'

/**
 * WeChat's message push: what to enter in the admin console under 开发管理 → 消息推送, so that WeChat can tell of
 * users who withdrew what they had shared or closed their account. Give WeChat the URL of `routes.messagePush`.
 *
 * https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html
 */
export interface WxMessagePushOptions {
  /** Token (令牌) of the admin console: 3 to 32 letters and digits. */
  token: string
  /** EncodingAESKey (消息加解密密钥) of the admin console: 43 characters. Where it is given, only encrypted messages count. */
  encodingAESKey?: string | undefined
  /**
   * Told every message, once: one URL is all that an app has. It has `hookTimeout`; where it fails WeChat is
   * answered 500 and sends the message again.
   */
  onMessage?: ((message: WxPushMessage, req: Request) => Awaitable<void>) | undefined
}
