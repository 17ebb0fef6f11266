import type { WxContext } from './types.js'

declare global {
  // oxlint-disable-next-line typescript/no-namespace -- Express' own way to type `req`
  namespace Express {
    interface Request {
      /** Who is asking; undefined without a live session. Behind the guard use `getWx(req)`, or `req.wx!`. */
      wx?: WxContext
    }
  }
}

export type {
  WxAccessTokenSource,
  WxApiApp,
  WxApiRequest,
  WxEncryptedDataCheck,
  WxServerApi,
} from './api-types.js'
export { getWx } from './context.js'
export type { WxDiagnostics, WxWeChatCall } from './diagnostics-channels.js'
export { errorCodes, WxLoginError } from './errors.js'
export type { WxErrorAction, WxErrorCode, WxLoginErrorOptions } from './errors.js'
export type { WxLoginEvent, WxLogoutEvent, WxRevokeEvent, WxUserEvent } from './hook-types.js'
export type {
  GuardOptions,
  WxAppResolver,
  WxCloudHostingOptions,
  WxCommonOptions,
  WxCookieOptions,
  WxFetch,
  WxKeyHistoryOptions,
  WxLoginOptions,
  WxRedisClient,
  WxRoutes,
  WxSessionOptions,
  WxTransportOptions,
  WxWeChatOptions,
} from './option-types.js'
export type { WxLogin, WxSessionEnd, WxSessionInfo, WxSessions } from './plugin-types.js'
export type { WxAccountEventName, WxMessagePushOptions, WxPushMessage } from './push-types.js'
export type { WxCheck, WxFinding, WxReadiness, WxReadinessOptions } from './readiness-types.js'
export { requestIdOf } from './request-id.js'
export { requireWxSession } from './require-wx-session.js'
export type { WxSessionRecord } from './session/record.js'
export type {
  Awaitable,
  WxApp,
  WxCodeSession,
  WxContext,
  WxEncryptedData,
  WxIdentity,
  WxPhone,
  WxProfile,
  WxRegister,
  WxSignedData,
  WxUser,
  WxWatermark,
} from './types.js'
export { code2Session } from './wechat/code2session.js'
export { decryptData, verifySignature } from './wechat/open-data.js'
export { wxErrorHandler } from './wx-error-handler.js'
export { wxLogin } from './wx-login.js'
