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
  /**
   * EncodingAESKey (消息加解密密钥) of the admin console: 43 characters. Where it is given, only encrypted messages count.
   * Choose 安全模式 there and give it: WeChat's signature of a plain message says nothing of what is in the message.
   */
  encodingAESKey?: string | undefined
  /**
   * Told every message, account events included, once it is verified and decrypted: one URL is all that an app has.
   * It has `hookTimeout`; where it fails or takes longer, WeChat is answered 500 or 503, sends the message again
   * (three times in all, five seconds apart), and the hook is called again. Once it has succeeded it is not told the
   * same message again for fifteen minutes, in no process where there is Redis.
   */
  onMessage?: ((message: WxPushMessage, req: Request) => Awaitable<void>) | undefined
}
