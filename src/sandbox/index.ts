export { createSandbox } from './create-sandbox.js'
export { SANDBOX_APPID, SANDBOX_SECRET } from './apps.js'
export { SandboxError } from './sandbox-error.js'
export type { SandboxErrorCode } from './sandbox-error.js'
export type {
  Sandbox,
  SandboxClock,
  SandboxDataOptions,
  SandboxDataVariant,
  SandboxEndpoint,
  SandboxFault,
  SandboxFaults,
  SandboxOptions,
  SandboxPhoneNumber,
  SandboxProfile,
  SandboxRequest,
  SandboxRotation,
  SandboxUser,
  SandboxUserInfo,
  SandboxUserInfoOptions,
  SandboxUserOptions,
} from './types.js'
