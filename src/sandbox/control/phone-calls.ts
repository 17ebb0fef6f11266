import type * as v from 'valibot'
import { jsonReply } from '../reply.js'
import type { SandboxUser } from '../user-types.js'
import { loginBody, phoneBody, readBody, userInfoBody } from './schemas.js'
import type { Action, Controlled } from './types.js'

/** What phones ask of WeChat, by the last segment of the path; each call is seen on the wire. */
export function createPhoneCalls({
  world: { apps },
  user,
  wire,
}: Pick<Controlled, 'world' | 'user' | 'wire'>): Readonly<Record<string, Action>> {
  const call =
    <S extends v.GenericSchema<unknown, { appid?: string | undefined }>>(
      title: string,
      schema: S,
      run: (user: SandboxUser, options: v.InferOutput<S>) => object,
    ): Action =>
    ({ body }, name) => {
      const options = readBody(schema, body)
      const appid = apps.pick(options.appid)
      const given = run(user(name), options)
      const request = { kind: 'value', value: { ...options, appid } } as const
      // Begun when it is over: what is refused is no call of a phone.
      wire
        .begin({ from: 'phone', to: 'wechat', title, user: name, request })
        .end({ outcome: 'answered', response: { kind: 'value', value: given } })
      return jsonReply(200, given)
    }

  return {
    login: call('wx.login', loginBody, (phone, options) => ({ code: phone.login(options) })),
    'check-session': call('wx.checkSession', loginBody, (phone, { appid }) => ({
      valid: phone.checkSession(appid),
    })),
    'user-info': call('wx.getUserInfo', userInfoBody, (phone, options) => phone.userInfo(options)),
    'phone-number': call('getPhoneNumber', phoneBody, (phone, options) =>
      phone.phoneNumber(options),
    ),
  }
}
