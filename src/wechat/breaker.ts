import type { CircuitBreakerPolicy, IPolicy } from 'cockatiel'
import { createWeChatOutage, type Outage } from '../diagnostics-channels.js'
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
 *
 * @param of - for whom, where it tells of an outage
 */
export function createBreaker(of: 'login' | 'api' = 'login'): Breaker {
  const outage = createWeChatOutage(of)
  let parts: Parts | undefined

  return async <T>(exchange: () => Promise<T>): Promise<T> => {
    const { circuit, policy, cockatiel } = (parts ??= createParts(outage))
    // The circuit would make the others wait for the one that tries.
    if (circuit.state === cockatiel.CircuitState.HalfOpen) {
      throw refusal('WeChat is away; being tried again')
    }
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
      if (cockatiel.isBrokenCircuitError(error))
        throw refusal('WeChat was away ten times in a row; not asked')
      if (cockatiel.isBulkheadRejectedError(error))
        throw refusal('too many exchanges at once; WeChat not asked')
      throw error
    }
    if ('done' in outcome) return outcome.done
    throw outcome.refused
  }
}

interface Parts {
  circuit: CircuitBreakerPolicy
  policy: IPolicy
  cockatiel: typeof import('cockatiel')
}

/** Loaded with the first exchange: to load it is a good part of what importing the package took. */
function createParts(outage: Outage): Parts {
  const cockatiel = require('cockatiel') as typeof import('cockatiel')
  const { bulkhead, circuitBreaker, ConsecutiveBreaker, handleAll, wrap } = cockatiel
  const circuit = circuitBreaker(handleAll, {
    halfOpenAfter: openFor,
    breaker: new ConsecutiveBreaker(openAfter),
  })
  circuit.onBreak(() => {
    outage.begin()
  })
  circuit.onReset(() => {
    outage.end()
  })
  return { circuit, policy: wrap(bulkhead(maxInFlight), circuit), cockatiel }
}
