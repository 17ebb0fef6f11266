import type { FaultOrder } from '../../api/index.js'

const everywhere = [-1, 45009, 45011, 48001]
const withToken = [40001, 42001]
const withSecret = [40013, 40125, 40164, 40243]

/** The errcodes that WeChat is known to answer at each endpoint, the common ones first. */
const byEndpoint: Readonly<Record<string, readonly number[]>> = {
  '/sns/jscode2session': [-1, 40029, 40163, 40226, 45011, 40013, 40125, 40243],
  '/cgi-bin/token': [-1, ...withSecret, 45009, 45011],
  '/cgi-bin/stable_token': [-1, ...withSecret, 45009, 45011],
  '/wxa/checksession': [87009, 87007, ...withToken, ...everywhere],
  '/wxa/resetusersessionkey': [87009, 87007, ...withToken, ...everywhere],
  '/wxa/business/getuserphonenumber': [-1, 40029, ...withToken, 40003, 45011, 48001],
  '/wxa/business/checkencryptedmsg': [...withToken, ...everywhere],
}

/** The errcodes worth offering at an endpoint. */
export const sensibleErrcodes = (endpoint: string): readonly number[] =>
  byEndpoint[endpoint] ?? everywhere

/** Faults that people want again and again, by name. */
export const presets = {
  busy: { endpoint: 'jscode2session', errcode: -1, times: 1 },
  quota: { endpoint: 'jscode2session', errcode: 45011, times: 1 },
  blocked: { endpoint: 'jscode2session', errcode: 40226, times: 1 },
  lost: { endpoint: 'jscode2session', drop: 'after', times: 1 },
  gateway: { endpoint: 'jscode2session', status: 502, times: 1 },
  slow: { endpoint: 'jscode2session', delayMs: 3000, times: 1 },
} as const satisfies Readonly<Record<string, FaultOrder>>

/** What a fault does to an answer. */
export type Effect = 'errcode' | 'status' | 'broken' | 'before' | 'after' | 'slow'

/** What a person filled in for one endpoint; numbers as text while they type. */
export interface FaultDraft {
  effect: Effect
  errcode: string
  status: string
  times: string
  delayMs: number
}

/** As the row of an endpoint begins. */
export const emptyDraft = (endpoint: string): FaultDraft => ({
  effect: 'errcode',
  errcode: String(sensibleErrcodes(endpoint)[0] ?? -1),
  status: '502',
  times: '1',
  delayMs: 0,
})

/** Half of what jscode2session answers. */
const brokenBody = '{"openid":"'

/** The order of a draft, unchecked: what is wrong with it the sandbox says better. */
export function orderOf(endpoint: string, draft: FaultDraft): FaultOrder {
  const { effect, times, delayMs } = draft
  return {
    endpoint,
    ...(effect === 'errcode' && { errcode: numberOf(draft.errcode) }),
    ...(effect === 'status' && { status: numberOf(draft.status) }),
    ...(effect === 'broken' && { body: brokenBody }),
    ...((effect === 'before' || effect === 'after') && { drop: effect }),
    ...((delayMs > 0 || effect === 'slow') && { delayMs }),
    ...(times.trim() !== '' && { times: numberOf(times) }),
  }
}

/** What is no number is sent as it is, to be refused by name; JSON has no NaN. */
function numberOf(text: string): number {
  const number = Number(text)
  return (text.trim() === '' || Number.isNaN(number) ? text : number) as number
}
