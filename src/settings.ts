import { warnOnce } from './diagnostics.js'
import type {
  WxAppResolver,
  WxCommonOptions,
  WxCookieOptions,
  WxFetch,
  WxLoginOptions,
  WxRoutes,
  WxSessionOptions,
  WxWeChatOptions,
} from './option-types.js'
import { defaultTtl, isLoopback, production } from './options.js'
import { explained } from './start-up.js'
import type { WxApp } from './types.js'

/** The options with every default filled in. */
export interface Settings {
  /** The app of a list; undefined with a resolver. */
  readonly apps: ReadonlyMap<string, WxApp> | undefined
  readonly resolver: WxAppResolver | undefined
  readonly session: SessionSettings | undefined
  readonly redisPrefix: string
  readonly storeTimeout: number
  readonly maxPerUser: number
  readonly transport: { readonly header: string; readonly scheme: string; readonly cookie: boolean }
  readonly routes: Readonly<WxRoutes>
  readonly hooks: Pick<WxCommonOptions, 'onUser' | 'onLogin' | 'onLogout' | 'onRevoke' | 'onError'>
  readonly hookTimeout: number
  readonly wechat: {
    readonly baseUrl: string
    readonly timeout: number
    readonly fetch: WxFetch
    readonly code2Session: WxWeChatOptions['code2Session']
    readonly accessToken: WxWeChatOptions['accessToken']
    readonly checkEncryptedData: boolean
  }
  readonly watermarkMaxAge: number
  /** `window` in seconds. */
  readonly keyHistory: { readonly size: number; readonly window: number }
  readonly messagePush: WxCommonOptions['messagePush']
  /** Undefined where headers of cloud hosting are not believed. */
  readonly cloudHosting: { readonly resourceSharing: boolean } | undefined
  /** The first seals session keys, all of them open. */
  readonly keySecrets: readonly string[]
}

/** The session part of {@link Settings}, where the plugin owns the session. */
export interface SessionSettings {
  readonly store: WxSessionOptions['store']
  readonly secrets: readonly string[]
  readonly ttl: number
  readonly absoluteTtl: number
  readonly name: string
  readonly cookie: WxCookieOptions
}

/** How WeChat is talked to where nobody says otherwise. */
export const wechatDefaults: Readonly<{ baseUrl: string; timeout: number; fetch: WxFetch }> = {
  baseUrl: 'https://api.weixin.qq.com',
  timeout: 5000,
  // Looked up at each call, so that a global fetch replaced later (a proxy, a tracer) is used. With this very function
  // and nothing replaced, wechat/http.ts uses connections of its own.
  fetch: (url, init) => fetch(url, init),
}

const list = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value])

/** Fills in the defaults; call it with options in which {@link optionFaults} finds nothing. */
export function settingsOf(options: WxLoginOptions): Settings {
  const { apps, session, transport, wechat } = options
  const appList =
    typeof apps === 'function'
      ? undefined
      : (apps ?? [{ appid: options.appid, secret: options.secret }])
  if (wechat?.baseUrl?.startsWith('http:') && !isLoopback(wechat.baseUrl)) {
    warnOnce('WX_HTTP', 'wechat.baseUrl is not https: the AppSecret travels in the clear')
  }
  if (production() && wechat?.baseUrl !== undefined && isLoopback(wechat.baseUrl)) {
    warnOnce(
      'WX_SANDBOX',
      explained(
        'wechat.baseUrl leads to this machine, with NODE_ENV=production: where that is the sandbox, anybody can log in as anybody',
        'sandbox',
      ),
    )
  }
  for (const { appid } of appList ?? []) {
    if (/^wx\w{16}$/.test(appid)) continue
    warnOnce(
      'WX_APPID',
      explained(
        `appid: ${appid} does not look like the AppID of a mini program, which is wx and 16 letters and digits`,
        'appid',
      ),
    )
  }
  return {
    apps: appList && new Map(appList.map((a) => [a.appid, a])),
    resolver: typeof apps === 'function' ? apps : undefined,
    session: session && sessionSettings(session, transport?.cookie ?? false),
    redisPrefix: options.redisPrefix ?? 'wx:',
    storeTimeout: options.storeTimeout ?? 1000,
    maxPerUser: session?.maxPerUser ?? 100,
    transport: {
      header: (transport?.header ?? 'authorization').toLowerCase(),
      scheme: transport?.scheme ?? 'Bearer',
      cookie: transport?.cookie ?? false,
    },
    routes: {
      login: options.routes?.login ?? '/wx/login',
      logout: options.routes?.logout ?? '/wx/logout',
      session: options.routes?.session ?? '/wx/session',
      profile: options.routes?.profile ?? '/wx/profile',
      phone: options.routes?.phone ?? '/wx/phone',
      messagePush: options.routes?.messagePush ?? '/wx/push',
    },
    hooks: options,
    hookTimeout: options.hookTimeout ?? 5000,
    wechat: {
      baseUrl: wechat?.baseUrl ?? wechatDefaults.baseUrl,
      timeout: wechat?.timeout ?? wechatDefaults.timeout,
      fetch: wechat?.fetch ?? wechatDefaults.fetch,
      code2Session: wechat?.code2Session,
      accessToken: wechat?.accessToken,
      checkEncryptedData: wechat?.checkEncryptedData ?? true,
    },
    watermarkMaxAge: options.watermarkMaxAge ?? 3600,
    keyHistory: {
      size: options.keyHistory?.size ?? 5,
      window: options.keyHistory?.window ?? 600,
    },
    messagePush: options.messagePush,
    cloudHosting: cloudHostingOf(options.cloudHosting),
    keySecrets: list(options.keySecret ?? session?.secret ?? appList!.map((a) => a.secret)),
  }
}

function cloudHostingOf(option: WxCommonOptions['cloudHosting']): Settings['cloudHosting'] {
  if (option === undefined || option === false) return undefined
  // https://developers.weixin.qq.com/miniprogram/dev/wxcloudservice/wxcloudrun/src/development/weixin/index
  if (!process.env['CBR_ENV_ID']) {
    warnOnce(
      'WX_CLOUD_HOSTING',
      explained(
        'cloudHosting is on, but this is no container of WeChat’s cloud hosting (CBR_ENV_ID is not set): whoever reaches this server can send X-WX-OPENID and be any user. Set it only where the server runs there.',
        'cloud-hosting',
      ),
    )
  }
  return { resourceSharing: option !== true && (option.resourceSharing ?? false) }
}

function sessionSettings(session: WxSessionOptions, cookieTransport: boolean): SessionSettings {
  const cookie: WxCookieOptions = {
    httpOnly: true,
    secure: production() ? true : 'auto',
    sameSite: 'lax',
    path: '/',
    // A flag that is undefined is a flag left out, not one switched off.
    ...Object.fromEntries(
      Object.entries(session.cookie ?? {}).filter(([, flag]) => flag !== undefined),
    ),
  }
  if (cookieTransport && production() && cookie.secure !== true) {
    warnOnce(
      'WX_COOKIE_INSECURE',
      'session.cookie.secure is off: the session cookie travels in the clear',
    )
  }
  const ttl = session.ttl ?? defaultTtl
  return {
    secrets: list(session.secret),
    ttl,
    absoluteTtl: session.absoluteTtl ?? Math.max(90 * 24 * 3600, ttl),
    name: session.name ?? 'wx.sid',
    cookie,
    store: session.store,
  }
}
