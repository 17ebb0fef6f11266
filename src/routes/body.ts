import express, { type Request, type Response } from 'express'
import * as v from 'valibot'
import { WxLoginError } from '../errors.js'
import { explained } from '../start-up.js'
import { isCode } from '../wechat/code2session.js'
import { isJsonObject } from '../wechat/json.js'
import type { OpenData } from '../wechat/user-data.js'

/** Of a request, in bytes. */
export const maxBody = 32 * 1024
const parse = express.json({ limit: maxBody, type: 'application/json' })

/** A 400 that says what is wrong, or a 413 or 415. */
export const badRequest = (message: string, status = 400): WxLoginError =>
  new WxLoginError('WX_BAD_REQUEST', { message, status })

const tooLarge = (): WxLoginError => badRequest('The body must be at most 32 kB.', 413)

/** Somebody in front has taken the body and left nothing that could be used. */
const alreadyRead = (): WxLoginError =>
  new WxLoginError('WX_APP_CONFIG', {
    message: explained(
      'The body of a request was read before wxLogin saw it, and not as JSON. Put app.use(wxLogin(...)) before what reads bodies; express.json() may stay in front.',
      'read-body',
    ),
  })

/** The parser's errors quote the body; only what kind they are goes on. */
function parserError(error: { status?: unknown; type?: unknown }): WxLoginError {
  if (error.status === 413) return tooLarge()
  if (error.status === 415) return badRequest('The body must be UTF-8 JSON.', 415)
  return badRequest('The body is not valid JSON.')
}

/**
 * Reads the JSON body of a request, whether the app has parsed it already or not.
 *
 * @throws `WX_BAD_REQUEST` 400, 413 over 32 kB, 415 where the content type is not `application/json`
 */
async function readJson(req: Request, res: Response): Promise<object> {
  if (req.is('application/json') === false) {
    throw badRequest('The content type must be application/json.', 415)
  }
  if (Number(req.get('content-length')) > maxBody) throw tooLarge()
  const readBefore = req.readableDidRead
  await new Promise<void>((resolve, reject) => {
    parse(req, res, (error?: unknown) => {
      if (error) reject(readBefore ? alreadyRead() : parserError(error))
      else resolve()
    })
  })
  const body: unknown = req.body
  if (readBefore && (body === undefined || typeof body === 'string' || Buffer.isBuffer(body))) {
    throw alreadyRead()
  }
  if (!isJsonObject(body)) throw badRequest('The body must be a JSON object.')
  assertPlain(body)
  // A body of untold length that the app's own parser, with a limit of its own, has read before ours.
  if (req.get('content-length') === undefined && JSON.stringify(body).length > maxBody) {
    throw tooLarge()
  }
  return body
}

/** Every field of the contract is flat: what nests deeper than this, or names a prototype, is an attack. */
const maxDepth = 16

function assertPlain(body: object): void {
  let level = [body]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) throw badRequest('The body is nested too deeply.')
    const next: object[] = []
    for (const each of level) {
      if (Object.hasOwn(each, '__proto__')) throw badRequest('__proto__: is not allowed.')
      for (const value of Object.values(each) as unknown[]) {
        if (typeof value === 'object' && value !== null) next.push(value)
      }
    }
    level = next
  }
}

const hasBody = (req: Request): boolean =>
  req.headers['transfer-encoding'] !== undefined || Number(req.get('content-length')) > 0

interface BodyOptions {
  optional?: boolean
  check?: (body: object) => string[]
}

/**
 * Reads and checks the body against a schema; fields the schema does not know are dropped.
 *
 * @param options.optional - whether a request without a body counts as `{}`
 * @param options.check - finds what is wrong with fields that depend on each other
 * @throws `WX_BAD_REQUEST` that names every wrong field
 */
export async function readBody<S extends v.GenericSchema>(
  schema: S,
  req: Request,
  res: Response,
  { optional = false, check = () => [] }: BodyOptions,
): Promise<v.InferOutput<S>> {
  if (!hasBody(req) && !optional) throw badRequest('The body is missing: send JSON.')
  const body = hasBody(req) ? await readJson(req, res) : {}
  const result = v.safeParse(schema, body)
  const faults = (result.issues ?? []).map((issue) => {
    // An object schema says of a missing field only what it expected.
    const missing = issue.type === 'object' && issue.expected !== 'Object'
    // The body is an object: what is wrong is in one of its fields.
    return `${v.getDotPath(issue)!}: ${missing ? 'is missing' : issue.message}`
  })
  faults.push(...check(body))
  if (!result.success || faults.length > 0) throw badRequest(`${[...new Set(faults)].join('; ')}.`)
  return result.output
}

/** A code of WeChat in a body. @param origin - what gives it */
export const codeEntry = (origin: string): v.GenericSchema<string> =>
  v.pipe(
    v.string(`must be the code from ${origin}`),
    v.check((code) => isCode(code), 'must be 1 to 512 printable ASCII characters, not only blanks'),
  )

const unchecked = v.optional(v.unknown())

/** Signed and encrypted data in a body; `openDataFaults` checks its fields together. */
export const openDataEntries = {
  rawData: unchecked,
  signature: unchecked,
  encryptedData: unchecked,
  iv: unchecked,
}

/** The open data of a checked body, or undefined where it has none. */
export function openDataOf(
  body: Partial<Record<keyof typeof openDataEntries, unknown>>,
): OpenData | undefined {
  const { rawData, signature, encryptedData, iv } = body
  const none = [rawData, signature, encryptedData, iv].every((field) => field === undefined)
  return none ? undefined : ({ rawData, signature, encryptedData, iv } as OpenData)
}
