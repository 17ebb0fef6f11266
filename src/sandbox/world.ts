import { createAccessTokens, type AccessTokens } from './access-tokens.js'
import { createApps, type Apps } from './apps.js'
import { createClock, type WorldClock } from './clock.js'
import { createCodes, type Codes } from './codes.js'
import { createEncryptedMessages, type EncryptedMessages } from './encrypted-messages.js'
import { createErrorAnswers, type ErrorAnswers } from './errcodes.js'
import { createMinuteQuota, type MinuteQuota } from './minute-quota.js'
import { createOpenData, type OpenData } from './open-data.js'
import type { Settings } from './options.js'
import { createPhoneNumbers, type PhoneNumbers } from './phone-number.js'
import type { Pusher } from './push-types.js'
import { createPusher } from './push.js'
import { createQuotas, type Quotas } from './quotas.js'
import { createSeeds, type Seeds } from './seed.js'
import { createSessionKeys, type SessionKeys } from './session-keys.js'
import { createUsers, type Users } from './users.js'
import { createWire, type Wire } from './wire/wire.js'

/** WeChat resets one user's session key "not frequently", and does not say how often that is. */
const resetsAMinute = 10

/** Everything WeChat knows. Nothing of it knows HTTP. */
export interface World {
  readonly apps: Apps
  readonly clock: WorldClock
  readonly seeds: Seeds
  readonly users: Users
  readonly keys: SessionKeys
  readonly codes: Codes
  /** Code exchanges of each user. */
  readonly logins: MinuteQuota
  /** Resets of each user's session key. */
  readonly resets: MinuteQuota
  /** Calls of each app. */
  readonly quotas: Quotas
  readonly tokens: AccessTokens
  readonly messages: EncryptedMessages
  readonly openData: OpenData
  readonly phoneNumbers: PhoneNumbers
  readonly pusher: Pusher
  /** What phones, the server under test and WeChat say to each other. */
  readonly wire: Wire
  /** Who may ask for access tokens; undefined for anybody. */
  readonly ipList: readonly string[] | undefined
  readonly error: ErrorAnswers
}

export function createWorld(settings: Settings): World {
  const apps = createApps(settings.apps)
  const clock = createClock(settings.now)
  const seeds = createSeeds(settings.seed)
  const keys = createSessionKeys(seeds, clock, settings)
  const users = createUsers(seeds)
  const wire = createWire(clock)
  // The one user whom WeChat's own endpoint, not a phone, can bring: there must be room for it.
  users.get('guest')
  return {
    apps,
    clock,
    seeds,
    users,
    keys,
    codes: createCodes(seeds, clock),
    logins: createMinuteQuota(clock, settings.rateLimit),
    resets: createMinuteQuota(clock, resetsAMinute),
    quotas: createQuotas(clock, settings.quotas),
    tokens: createAccessTokens(
      seeds,
      clock,
      apps.all.map(({ appid }) => appid),
    ),
    messages: createEncryptedMessages(clock),
    openData: createOpenData(seeds, clock, apps, keys),
    phoneNumbers: createPhoneNumbers(seeds, users),
    pusher: createPusher({ seeds, clock, apps, users, wire }),
    wire,
    ipList: settings.ipList,
    error: createErrorAnswers(seeds, clock),
  }
}
