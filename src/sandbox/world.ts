import { createAccessTokens, type AccessTokens } from './access-tokens.js'
import { createApps, type Apps } from './apps.js'
import { createClock } from './clock.js'
import { createCodes, type Codes } from './codes.js'
import { createEncryptedMessages, type EncryptedMessages } from './encrypted-messages.js'
import { createErrorAnswers, type ErrorAnswer } from './errcodes.js'
import { createLoginQuota, type LoginQuota } from './login-quota.js'
import { createOpenData, type OpenData } from './open-data.js'
import type { Settings } from './options.js'
import { createSeeds, type Seeds } from './seed.js'
import { createSessionKeys, type SessionKeys } from './session-keys.js'
import type { SandboxClock } from './types.js'
import { createUsers, type Users } from './users.js'

/** Everything WeChat knows. Nothing of it knows HTTP. */
export interface World {
  readonly apps: Apps
  readonly clock: SandboxClock
  readonly seeds: Seeds
  readonly users: Users
  readonly keys: SessionKeys
  readonly codes: Codes
  readonly quota: LoginQuota
  readonly tokens: AccessTokens
  readonly messages: EncryptedMessages
  readonly openData: OpenData
  readonly error: (errcode: number) => ErrorAnswer
}

export function createWorld(settings: Settings): World {
  const apps = createApps(settings.apps)
  const clock = createClock(settings.now)
  const seeds = createSeeds(settings.seed)
  const keys = createSessionKeys(seeds, clock, settings)
  const users = createUsers(seeds)
  // The one user whom WeChat's own endpoint, not a phone, can bring: there must be room for it.
  users.get('guest')
  return {
    apps,
    clock,
    seeds,
    users,
    keys,
    codes: createCodes(seeds, clock),
    quota: createLoginQuota(clock, settings.rateLimit),
    tokens: createAccessTokens(
      seeds,
      clock,
      apps.all.map(({ appid }) => appid),
    ),
    messages: createEncryptedMessages(clock),
    openData: createOpenData(seeds, clock, apps, keys),
    error: createErrorAnswers(seeds, clock),
  }
}
