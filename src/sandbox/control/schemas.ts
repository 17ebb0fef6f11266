import * as v from 'valibot'
import { accountEvent, accountEventEntries } from '../account-event.js'
import { check } from '../check.js'
import { targetEntries } from '../push.js'
import { SandboxError } from '../sandbox-error.js'

const notAField = v.never('is no field of this request')
/** A JSON object with these fields and no others. */
export const object = <E extends v.ObjectEntries>(
  entries: E,
): v.ObjectWithRestSchema<E, typeof notAField, string> =>
  v.objectWithRest(entries, notAField, 'the body must be a JSON object')

const text = v.optional(v.string('must be a string'))
const flag = v.optional(v.boolean('must be true or false'))

export const userBody = object({
  name: v.string('must be a string of 1 to 64 printable characters'),
  unionid: flag,
  blocked: flag,
  phone: v.optional(
    v.strictObject(
      {
        phoneNumber: text,
        purePhoneNumber: text,
        countryCode: v.optional(v.union([v.string(), v.number()], 'must be a string or a number')),
      },
      'must be { phoneNumber, purePhoneNumber, countryCode }',
    ),
  ),
})

export const loginBody = object({ appid: text })

const dataEntries = {
  appid: text,
  variant: v.optional(
    v.picklist(
      ['bad-watermark', 'truncated', 'wrong-key', 'bit-flipped'],
      'must be bad-watermark, truncated, wrong-key or bit-flipped',
    ),
  ),
}

export const phoneBody = object(dataEntries)

export const userInfoBody = object({
  ...dataEntries,
  profile: v.optional(v.record(v.string(), v.unknown(), 'must be an object')),
  anonymous: flag,
  openId: flag,
})

export const eventBody = object({
  event: accountEvent,
  ...targetEntries,
  ...accountEventEntries,
})

export const verifyUrlBody = object({ url: targetEntries.url, token: targetEntries.token })

export const clockBody = object({
  advanceMs: v.pipe(
    v.number('must be a whole number of ms, 0 or more'),
    v.safeInteger('must be a whole number of ms, 0 or more'),
    v.minValue(0, 'must be 0 or more: time does not run backwards'),
  ),
})

/** The body, checked; an absent one counts as `{}`. @throws {@link SandboxError} naming each wrong field */
export function readBody<S extends v.GenericSchema>(schema: S, body: string): v.InferOutput<S> {
  return check(schema, parseBody(body))
}

/** The JSON of the body; an absent one counts as `{}`. */
export function parseBody(body: string): unknown {
  if (body === '') return {}
  try {
    return JSON.parse(body)
  } catch {
    throw new SandboxError('SANDBOX_BAD_REQUEST', 'the body is not JSON')
  }
}
