import { codeExpired, codeReused, exchangeLost } from './codes.js'
import { firstLogin } from './first-login.js'
import { encryptedBeforeLogin, keyRotated } from './keys.js'
import { redisDown, wechatDown } from './outages.js'
import { accessTokenReplaced, phoneCodeOfAnotherUser, userDeniesPhone } from './phone-numbers.js'
import { errcode40226, errcode45011, errcodeMinus1 } from './refusals.js'
import type { RunnableScenario } from './scenario.js'
import { accountSwitched, late401, sessionRevoked } from './sessions.js'
import { tenAtOnce } from './ten-at-once.js'

export { defaultContract } from './contract.js'
export { SandboxUnreachableError } from './control.js'
export { detectMode } from './detect.js'
export { relayTo } from './relay.js'
export { runScenario } from './run.js'
export type { RunnableScenario } from './scenario.js'
export type * from './types.js'

/** What a login backend has to get right, in the order in which one learns it. Needs no Node and no DOM. */
export const scenarios: readonly RunnableScenario[] = [
  firstLogin,
  codeReused,
  codeExpired,
  tenAtOnce,
  late401,
  encryptedBeforeLogin,
  exchangeLost,
  sessionRevoked,
  keyRotated,
  userDeniesPhone,
  phoneCodeOfAnotherUser,
  accessTokenReplaced,
  accountSwitched,
  errcode45011,
  errcode40226,
  errcodeMinus1,
  wechatDown,
  redisDown,
]
