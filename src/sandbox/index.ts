export { createSandbox } from './create-sandbox.js'
export { SANDBOX_APPID, SANDBOX_SECRET } from './apps.js'
export type { SandboxOptions, SandboxQuota, SandboxRotation } from './option-types.js'
export type {
  SandboxAvatarOptions,
  SandboxDevice,
  SandboxDeviceOptions,
  SandboxFiles,
  SandboxNetwork,
  SandboxPhoneNumberDetail,
  SandboxPhoneUserInfoOptions,
  SandboxTapOptions,
} from './phone/types.js'
export type {
  SandboxAccountInfo,
  SandboxRequestTask,
  SandboxStorageInfo,
  SandboxWx,
  SandboxWxCallbacks,
  SandboxWxCode,
  SandboxWxFailure,
  SandboxWxFunction,
  SandboxWxReply,
  SandboxWxRequestOptions,
  SandboxWxUploadOptions,
  SandboxWxUserInfo,
} from './phone/wx-types.js'
export type {
  SandboxAccountEvent,
  SandboxEventOptions,
  SandboxMessage,
  SandboxPushReply,
  SandboxPushTarget,
  SandboxUrlVerification,
} from './push-types.js'
export { SandboxError } from './sandbox-error.js'
export type { SandboxErrorCode } from './sandbox-error.js'
export type {
  Sandbox,
  SandboxClock,
  SandboxEndpoint,
  SandboxFault,
  SandboxFaults,
  SandboxRequest,
  SandboxTapRedisOptions,
  SandboxUserRow,
} from './types.js'
export type {
  SandboxDataOptions,
  SandboxDataVariant,
  SandboxPhone,
  SandboxPhoneNumber,
  SandboxProfile,
  SandboxUser,
  SandboxUserInfo,
  SandboxUserInfoOptions,
  SandboxUserOptions,
} from './user-types.js'
