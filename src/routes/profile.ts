import * as v from 'valibot'
import { tryOpenData } from '../context.js'
import { handler } from '../respond.js'
import { identityOf, requestState, type Runtime } from '../runtime.js'
import type { WxProfile } from '../types.js'
import { saveUser } from '../user-hook.js'
import { openDataFaults } from '../wechat/open-data.js'
import { profileOf, toProfile } from '../wechat/user-data.js'
import { badRequest, openDataEntries, openDataOf, readBody } from './body.js'

const formText = (max: number): v.GenericSchema<string> =>
  v.pipe(
    v.string('must be a string'),
    v.minLength(1, 'must not be empty'),
    v.maxLength(max, `must be at most ${String(max)} characters`),
    v.regex(/^[^\u0000-\u001f\u007f]*$/, 'must have no control characters'),
  )

const schema = v.object({
  nickName: v.optional(formText(64)),
  avatarUrl: v.optional(formText(2048)),
  ...openDataEntries,
})

/**
 * `POST /wx/profile`, behind the guard: signed or encrypted data is verified; a form the user typed into
 * the mini program is taken as it is and marked so. `onUser` gets it with the reason `profile`.
 */
export function profileRoute(runtime: Runtime): ReturnType<typeof handler> {
  return handler(runtime, async (req, res) => {
    const { context } = requestState(req)!.login!
    const body = await readBody(schema, req, res, { check: openDataFaults })
    const openData = openDataOf(body)
    const { nickName, avatarUrl } = body
    let profile: WxProfile
    if (openData) {
      profile = await tryOpenData(runtime, context, (expected) => profileOf(expected, openData))
    } else if (nickName !== undefined || avatarUrl !== undefined) {
      const form = {
        ...(nickName !== undefined && { nickName }),
        ...(avatarUrl !== undefined && { avatarUrl }),
      }
      profile = toProfile(form, 'form')
    } else {
      throw badRequest(
        'Send rawData and signature, encryptedData and iv, or nickName and avatarUrl.',
      )
    }
    const user = await saveUser(
      runtime,
      { ...identityOf(context), reason: 'profile', profile },
      req,
    )
    if (user !== undefined) {
      context.user = user
      await runtime.host.save(req)
    }
    res.json({ user: context.user })
  })
}
