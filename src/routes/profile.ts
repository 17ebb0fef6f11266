import * as v from 'valibot'
import { tryOpenData } from '../context.js'
import type { WxUserEvent } from '../hook-types.js'
import { handler } from '../respond.js'
import { identityOf, requestState, type Runtime } from '../runtime.js'
import { saveUser } from '../user-hook.js'
import { openDataFaults } from '../wechat/open-data.js'
import { profileOf, toProfile } from '../wechat/user-data.js'
import { openDataEntries, openDataOf, readBody } from './body.js'
import { keepUser } from './keep-user.js'

const formText = (max: number): v.GenericSchema<string> =>
  v.pipe(
    v.string('must be a string'),
    v.minLength(1, 'must not be empty'),
    v.maxLength(max, `must be at most ${String(max)} characters`),
    v.regex(/^[^\u0000-\u001f\u007f]*$/, 'must have no control characters'),
  )

/** What `chooseAvatar` gives: a file that only this phone has, and only for a while. */
const temporaryFile = /^(wxfile:|https?:\/\/(tmp|usr|127\.0\.0\.1(:\d+)?\/__tmp__)\/)/i

const schema = v.object({
  nickName: v.optional(formText(64)),
  avatarUrl: v.optional(
    v.pipe(
      formText(2048),
      v.check(
        (url) => !temporaryFile.test(url),
        'is a temporary file of the phone: upload it (wx.uploadFile) and send its address',
      ),
    ),
  ),
  ...openDataEntries,
})

type Body = v.InferOutput<typeof schema>

/** Signed or encrypted data, or a form: of both together one would be lost. */
function formFaults(body: Partial<Record<keyof Body, unknown>>): string[] {
  const form = body.nickName !== undefined || body.avatarUrl !== undefined
  const openData = openDataOf(body) !== undefined
  if (form !== openData) return openDataFaults(body)
  return [
    form
      ? 'Send rawData and signature, or encryptedData and iv, or nickName and avatarUrl, but not both kinds'
      : 'Send rawData and signature, encryptedData and iv, or nickName and avatarUrl',
  ]
}

/**
 * `POST /wx/profile`, behind the guard: signed or encrypted data is verified; a form the user typed into
 * the mini program is taken as it is and marked so. `onUser` gets it with the reason `profile`.
 */
export function profileRoute(runtime: Runtime): ReturnType<typeof handler> {
  return handler(runtime, async (req, res) => {
    const { context } = requestState(req)!.login!
    const body = await readBody(schema, req, res, { check: formFaults })
    const openData = openDataOf(body)
    const { nickName, avatarUrl } = body
    const profile = openData
      ? await tryOpenData(runtime, context, (expected) => profileOf(expected, openData))
      : toProfile(
          {
            ...(nickName !== undefined && { nickName }),
            ...(avatarUrl !== undefined && { avatarUrl }),
          },
          'form',
        )
    const event: WxUserEvent = { ...identityOf(context), reason: 'profile', profile }
    await keepUser(runtime, req, await saveUser(runtime, event, req))
    res.json({ user: context.user })
  })
}
