import { ApiError, messageOf } from './api-error.js'

/** More than anything on the control surface takes; a sandbox that hangs is to be seen as such. */
const patience = 15_000

/** Asks the control surface: path below `/__sandbox`, JSON both ways. @throws {@link ApiError} */
export type Ask = <T>(method: string, path: string, body?: object) => Promise<T>

/** @param baseUrl - where the sandbox is, without a slash at the end; empty for where the page came from */
export const createAsk =
  (baseUrl: string): Ask =>
  async <T>(method: string, path: string, body?: object): Promise<T> => {
    const response = await send(`${baseUrl}/__sandbox${path}`, {
      method,
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const reply = await readJson(response)
    if (response.ok) return reply as T
    const { error } = (reply ?? {}) as { error?: { code?: unknown; message?: unknown } }
    if (typeof error?.code === 'string' && typeof error.message === 'string')
      throw new ApiError(error.code, error.message, response.status)
    throw new ApiError('NO_SENSE', `HTTP ${String(response.status)}`, response.status)
  }

/** @throws {@link ApiError} `UNREACHABLE` */
export async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { signal: AbortSignal.timeout(patience), ...init })
  } catch (error) {
    throw new ApiError('UNREACHABLE', messageOf(error))
  }
}

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text().catch((error: unknown) => {
    throw new ApiError('UNREACHABLE', String(error), response.status)
  })
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw new ApiError('NO_SENSE', `HTTP ${String(response.status)}`, response.status)
  }
}
