import * as v from 'valibot'
import { check } from './check.js'
import type {
  SandboxAccountEvent,
  SandboxEventOptions,
  SandboxMessage,
  SandboxPushReply,
} from './push-types.js'
import type { SandboxUser } from './user-types.js'
import type { World } from './world.js'

const known =
  'must be user_authorization_revoke, user_authorization_cancellation or user_info_modified'

export const accountEvent = v.picklist(
  ['user_authorization_revoke', 'user_authorization_cancellation', 'user_info_modified'],
  known,
)

/** The parts of an account event that can also come over HTTP. */
export const accountEventEntries = {
  revokeInfo: v.optional(
    v.pipe(v.string('must be a number as text'), v.regex(/^\d{1,10}$/, 'must be a number as text')),
  ),
  openId: v.optional(v.boolean('must be true or false')),
}

const options = v.object(
  { event: accountEvent, ...accountEventEntries },
  'the target must be an object',
)

/**
 * Tells a server of a change of the user's account.
 *
 * https://developers.weixin.qq.com/miniprogram/dev/server/event_push/platform/authorized_user_information_changes
 */
export async function sendAccountEvent(
  { apps, clock, pusher, seeds }: World,
  user: SandboxUser,
  event: SandboxAccountEvent,
  to: SandboxEventOptions,
): Promise<SandboxPushReply> {
  check(options, { ...to, event }, 'event: ')
  const appid = apps.pick(to.appid)
  const revokeInfo = to.revokeInfo ?? (event === 'user_authorization_revoke' ? '6' : undefined)
  const { unionid } = user
  const message: SandboxMessage = {
    ToUserName: `gh_${seeds.identity('app', appid).toString('hex').slice(0, 12)}`,
    // The platform's own service, not the user.
    FromUserName: `o${seeds.identity('platform', appid).toString('base64url').slice(0, 27)}`,
    CreateTime: Math.floor(clock.now() / 1000),
    MsgType: 'event',
    Event: event,
    ...(to.openId !== false && { OpenID: user.openid(appid) }),
    ...(unionid !== undefined && { UnionID: unionid }),
    AppID: appid,
    ...(revokeInfo !== undefined && { RevokeInfo: revokeInfo }),
  }
  return pusher.push(message, to)
}
