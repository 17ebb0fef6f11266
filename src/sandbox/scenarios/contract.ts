import type { TargetContract } from './types.js'

/** How servers with this package are spoken to. */
export const defaultContract: TargetContract = {
  login: '/wx/login',
  guarded: '/wx/session',
  phone: '/wx/phone',
  logout: '/wx/logout',
  header: 'Authorization',
  scheme: 'Bearer',
  tokenField: 'token',
}

/** The contract with what differs; what is undefined differs in nothing. */
export const contractOf = (changes: Partial<TargetContract> = {}): TargetContract => ({
  ...defaultContract,
  ...Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)),
})

/** What goes into the header, for this token. */
export const credentials = ({ scheme }: TargetContract, token: string): string =>
  scheme === '' ? token : `${scheme} ${token}`

/** What is at a place such as `data.token` in a JSON body. */
function valueAt(body: unknown, place: string): unknown {
  return place.split('.').reduce<unknown>((value, name) => {
    const inside = typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    return inside ? (value as Record<string, unknown>)[name] : undefined
  }, body)
}

/** The token in the reply to a login; undefined where there is none. */
export function tokenIn({ tokenField }: TargetContract, body: unknown): string | undefined {
  const value = valueAt(body, tokenField)
  return typeof value === 'string' && value !== '' ? value : undefined
}
