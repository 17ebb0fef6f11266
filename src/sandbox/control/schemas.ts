import * as v from 'valibot'
import { check } from '../check.js'
import { SandboxError } from '../sandbox-error.js'

const notAField = v.never('is no field of this request')
const object = <E extends v.ObjectEntries>(
  entries: E,
): v.ObjectWithRestSchema<E, typeof notAField, string> =>
  v.objectWithRest(entries, notAField, 'the body must be a JSON object')

const text = v.optional(v.string('must be a string'))
const flag = v.optional(v.boolean('must be true or false'))

export const userBody = object({
  name: v.string('must be a string of 1 to 64 printable characters'),
  unionid: flag,
  blocked: flag,
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
