import {
  bulkhead,
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  handleAll,
  isBrokenCircuitError,
  isBulkheadRejectedError,
  wrap,
} from 'cockatiel'
import { WxLoginError } from '../errors.js'
import { isOutage } from './http.js'

const openAfter = 10
const openFor = 2000
const maxInFlight = 512

/** Runs an exchange with WeChat, or refuses it without asking WeChat. */
export type Breaker = <T>(exchange: () => Promise<T>) => Promise<T>

type Outcome<T> = { done: T } | { refused: unknown }

const refusal = (reason: string): WxLoginError =>
  new WxLoginError('WX_UPSTREAM', { reason, retryAfter: openFor / 1000 })

/**
 * Keeps requests from piling up behind a WeChat that is away: after ten outages in a row the next are refused at
 * once, and every two seconds one of them tries whether WeChat is back. Whatever WeChat says, also no, counts
 * as being there. No more than 512 exchanges run at a time.
 */
export function createBreaker(): Breaker {
  const circuit = circuitBreaker(handleAll, {
    halfOpenAfter: openFor,
    breaker: new ConsecutiveBreaker(openAfter),
  })
  const policy = wrap(bulkhead(maxInFlight), circuit)

  return async <T>(exchange: () => Promise<T>): Promise<T> => {
    // The circuit would make the others wait for the one that tries.
    if (circuit.state === CircuitState.HalfOpen) throw refusal('WeChat is away; being tried again')
    let outcome: Outcome<T>
    try {
      outcome = await policy.execute(async (): Promise<Outcome<T>> => {
        try {
          return { done: await exchange() }
        } catch (error) {
          if (isOutage(error)) throw error
          return { refused: error }
        }
      })
    } catch (error) {
      if (isBrokenCircuitError(error))
        throw refusal('WeChat was away ten times in a row; not asked')
      if (isBulkheadRejectedError(error))
        throw refusal('too many exchanges at once; WeChat not asked')
      throw error
    }
    if ('done' in outcome) return outcome.done
    throw outcome.refused
  }
}
