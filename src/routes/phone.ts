import type { Request } from 'express'
import * as v from 'valibot'
import { getWx, tryOpenData } from '../context.js'
import type { WxUserEvent } from '../hook-types.js'
import { handler } from '../respond.js'
import { identityOf, type Runtime } from '../runtime.js'
import type { WxEncryptedData, WxPhone, WxUser } from '../types.js'
import { saveUser } from '../user-hook.js'
import { openDataFaults, staleKey } from '../wechat/open-data.js'
import { phoneOf } from '../wechat/user-data.js'
import { badRequest, codeEntry, openDataEntries, readBody } from './body.js'
import { assertOpen, inFlight, unlessCut } from './in-flight.js'
import { keepUser } from './keep-user.js'

const schema = v.object({
  code: v.optional(codeEntry('the phone number button')),
  encryptedData: openDataEntries.encryptedData,
  iv: openDataEntries.iv,
})

type Body = v.InferOutput<typeof schema>

/** Exactly one of the two forms, and the second of the right shape. */
function formFaults({ code, encryptedData, iv }: Body): string[] {
  const encrypted = encryptedData !== undefined || iv !== undefined
  if (encrypted === (code !== undefined)) {
    return [
      encrypted
        ? 'Send code, or encryptedData and iv, but not both: the code is enough'
        : 'Send the code that the phone number button gave, or its encryptedData and iv',
    ]
  }
  return openDataFaults({ encryptedData, iv })
}

/** Asks WeChat, and pays, for the number behind the code; a post that comes again shares what was paid for. */
async function byCode(runtime: Runtime, req: Request, code: string): Promise<WxPhone> {
  const { appid, openid, sessionId } = getWx(req)
  if (runtime.flights.knows({ appid, code })) {
    throw badRequest(
      'code: this is a code of wx.login; send the code that the phone number button gave.',
    )
  }
  const flight = runtime.phoneFlights.join({ appid, openid, code }, () =>
    runtime.api.getPhoneNumber(code, openid, { appid }),
  )
  const phone = await unlessCut(runtime, flight.phone)
  const user = await flight.user(() => savePhone(runtime, req, phone))
  if (!flight.told.has(sessionId)) {
    await keepUser(runtime, req, user)
    flight.told.add(sessionId)
  }
  return phone
}

/** Decrypts the number, and lets WeChat confirm that it made the data: nothing in it proves that. */
async function byEncryptedData(
  runtime: Runtime,
  req: Request,
  { encryptedData, iv }: WxEncryptedData,
): Promise<WxPhone> {
  const context = getWx(req)
  const confirmed = tryOpenData(runtime, context, async (expected) => {
    const found = phoneOf(expected, { encryptedData, iv })
    if (runtime.settings.wechat.checkEncryptedData) {
      const { appid } = context
      const { valid } = await runtime.api.checkEncryptedData({ encryptedData }, { appid })
      if (!valid) throw staleKey('encryptedData: WeChat did not make it')
    }
    return found
  })
  const phone = await unlessCut(runtime, confirmed)
  await keepUser(runtime, req, await savePhone(runtime, req, phone))
  return phone
}

function savePhone(runtime: Runtime, req: Request, phone: WxPhone): Promise<WxUser | undefined> {
  const event: WxUserEvent = { ...identityOf(getWx(req)), reason: 'phone', phone }
  return unlessCut(runtime, saveUser(runtime, event, req))
}

/**
 * `POST /wx/phone`, behind the guard: the user's phone number, by the code that the phone number button gave, or by
 * its older encrypted form. `onUser` gets it with the reason `phone`.
 */
export function phoneRoute(runtime: Runtime): ReturnType<typeof handler> {
  return handler(runtime, async (req, res) => {
    assertOpen(runtime)
    const { code, encryptedData, iv } = await readBody(schema, req, res, { check: formFaults })
    const phone = await inFlight(runtime, () =>
      code === undefined
        ? byEncryptedData(runtime, req, { encryptedData, iv } as WxEncryptedData)
        : byCode(runtime, req, code),
    )
    res.json({ ...phone, user: getWx(req).user })
  })
}
