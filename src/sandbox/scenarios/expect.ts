import type { ScenarioContext } from './context.js'
import type { Person } from './person.js'
import { sayLogin, sayReply } from './say.js'
import { need } from './scenario.js'
import type { Reply } from './target.js'
import type { Words } from './types.js'
import { words } from './words.js'

/** Whether a status says that it worked. */
export const isGood = ({ status }: { readonly status: number }): boolean =>
  status >= 200 && status < 300
/** Whether it says that the caller made a mistake. */
export const isRefusal = ({ status }: Reply): boolean => status >= 400 && status < 500
/** Whether it says that something behind the server is away. */
export const isGateway = ({ status }: Reply): boolean => status >= 502 && status <= 504

/** Whether the server gave a session. */
export const hasSession = (reply: Reply): boolean => isGood(reply) && reply.token !== undefined

/** What no answer of WeChat becomes. */
export const upstream = { status: 502, code: 'WX_UPSTREAM', action: 'login' } as const

/** An error of our contract. */
export interface ContractError {
  readonly status: number
  readonly code: string
  readonly action: 'login' | 'retry' | 'none'
}

/** Exactly this error, without a session, and a `Retry-After` where it says `retry`. */
export function exactError(
  { check }: ScenarioContext,
  reply: Reply,
  what: Words,
  { status, code, action }: ContractError,
): void {
  const { error, token } = reply
  const same = reply.status === status && error?.code === code && error.action === action
  check(what, `${String(status)} ${code} ${action}`, sayReply(reply), same && token === undefined)
  if (action !== 'retry') return
  const seconds = Number(reply.header('retry-after'))
  check(
    words(`${what.en}: says when to try again`, `${what.zh}：说明何时重试`),
    'Retry-After ≥ 1',
    `Retry-After ${seconds > 0 ? String(seconds) : '–'}`,
    seconds >= 1,
  )
}

/** A login that has to work. @returns the token; undefined where it did not */
export function loggedIn(
  { check }: ScenarioContext,
  reply: Reply,
  what: Words,
): string | undefined {
  check(what, words('2xx, a token', '2xx，有 token'), sayLogin(reply), hasSession(reply))
  return hasSession(reply) ? reply.token : undefined
}

/** A login of this person that everything after it builds on. @returns the token @throws StopError where it did not work */
export const enter = async (
  context: ScenarioContext,
  person: Person,
  what: Words,
): Promise<string> => need(loggedIn(context, await person.logIn(), what))

/** The server holds the session key that the phone has, by the `keyId` of its reply to a login. */
export async function sameKey(
  { check }: ScenarioContext,
  person: Person,
  { body }: Reply,
  what: Words,
): Promise<void> {
  const { keyId } = body as { keyId?: unknown }
  const same = keyId === (await person.keyId())
  const yes = words('the same', '一致')
  check(what, yes, same ? yes : words('another one', '不一致'), same)
}

/** What the real client says of a call: `OK`, or the code of its error. */
export const outcomeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'OK',
    (error: unknown) => String((error as { code?: unknown }).code),
  )

/** A request that has to work, whatever it answers. */
export function accepted({ check }: ScenarioContext, reply: Reply, what: Words): void {
  check(what, '2xx', sayReply(reply), isGood(reply))
}

/** A request that has to be refused as the caller's mistake; in `contract` with exactly this error. */
export function refused(
  context: ScenarioContext,
  reply: Reply,
  what: Words,
  error: ContractError,
): void {
  if (context.mode === 'contract') exactError(context, reply, what, error)
  else context.check(what, '4xx', sayReply(reply), isRefusal(reply))
}

/** A request without a valid session: in `contract` exactly what makes the phone log in. */
export const shut = (context: ScenarioContext, reply: Reply, what: Words): void => {
  refused(context, reply, what, { status: 401, code: 'WX_SESSION_REQUIRED', action: 'login' })
}

/** Which statuses say no without saying that the server is broken. */
export type Refusal = '4xx' | '4xx | 503' | '502–504'

const refusals: Readonly<Record<Refusal, (reply: Reply) => boolean>> = {
  '4xx': isRefusal,
  '4xx | 503': (reply) => isRefusal(reply) || reply.status === 503,
  '502–504': isGateway,
}

/** A login that must give no session, and say so with the right sort of status; in `contract` with exactly this error. */
export function noLogin(
  context: ScenarioContext,
  reply: Reply,
  what: Words,
  { kind, error }: { kind: Refusal; error: ContractError },
): void {
  if (context.mode === 'contract') {
    exactError(context, reply, what, error)
    return
  }
  const right = refusals[kind](reply) && reply.token === undefined
  const expected = words(`${kind}, no token`, `${kind}，没有 token`)
  context.check(what, expected, sayLogin(reply), right)
}

/** How often WeChat was asked: exactly so often. */
export function asked(
  { check }: ScenarioContext,
  count: number,
  expected: number,
  what = words('Requests to WeChat for this code', '就此 code 向微信发出的请求数'),
): void {
  check(what, expected, count, count === expected)
}

/** The phone route took what it was sent; in `contract` it says the number, and the right one. */
export function gotNumber(
  context: ScenarioContext,
  reply: Reply,
  number: string,
  what: Words,
): void {
  accepted(context, reply, what)
  if (context.mode !== 'contract') return
  const { purePhoneNumber } = (reply.body ?? {}) as { purePhoneNumber?: unknown }
  const same = purePhoneNumber === number
  context.check(
    words(`${what.en}: the right one`, `${what.zh}：号码正确`),
    words("this user's number", '该用户的号码'),
    same
      ? words("this user's number", '该用户的号码')
      : words('another one, or none', '别的号码，或没有'),
    same,
  )
}
