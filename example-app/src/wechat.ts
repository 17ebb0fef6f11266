import type { Sandbox } from 'express-wx-login/sandbox'
import type { WeChatConfig } from './config.js'

/** The WeChat this server logs people in with. */
export interface WeChat {
  appid: string
  secret: string
  /** Unset: WeChat itself. */
  baseUrl?: string
  /** Where codes for the curl walk come from; only with a sandbox. */
  sandboxUrl?: string
  /** Only where it runs in this process: it can be shown what this server does. */
  sandbox?: Sandbox
  close(): Promise<void>
}

/** Connects to WeChat, or starts the sandbox. Production never loads the sandbox' code. */
export async function openWeChat(config: WeChatConfig): Promise<WeChat> {
  if (config.mode === 'wechat') {
    const { appid, secret, baseUrl } = config
    return { appid, secret, ...(baseUrl !== undefined && { baseUrl }), close: async () => {} }
  }
  const { createSandbox, SANDBOX_APPID, SANDBOX_SECRET } = await import('express-wx-login/sandbox')
  if (config.mode === 'remote-sandbox') {
    const baseUrl = config.baseUrl.replace(/\/+$/, '')
    return {
      appid: SANDBOX_APPID,
      secret: SANDBOX_SECRET,
      baseUrl,
      sandboxUrl: baseUrl,
      close: async () => {},
    }
  }
  const sandbox = createSandbox()
  await sandbox.listen(config.port, '127.0.0.1')
  const { appid, secret, baseUrl } = sandbox
  return { appid, secret, baseUrl, sandboxUrl: baseUrl, sandbox, close: () => sandbox.close() }
}
