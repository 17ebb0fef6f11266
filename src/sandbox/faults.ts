import * as v from 'valibot'
import { check } from './check.js'
import { endpointPath, endpoints } from './endpoints/index.js'
import { SandboxError } from './sandbox-error.js'
import type { SandboxFault, SandboxFaults } from './types.js'

const maxFaults = 1000

const whole = (least: number, most: number): v.GenericSchema<number> => {
  const message = `must be a whole number from ${String(least)} to ${String(most)}`
  return v.pipe(
    v.number(message),
    v.check((n) => Number.isInteger(n) && n >= least && n <= most, message),
  )
}

function isJson(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined
  } catch {
    return false
  }
}

const known = `must be one of ${[...endpoints.keys()].join(', ')}, or the last segment of one`

const schema = v.pipe(
  v.objectWithRest(
    {
      endpoint: v.pipe(
        v.string(known),
        v.check((name) => endpointPath(name) !== undefined, known),
        v.transform((name) => endpointPath(name)!),
      ),
      errcode: v.optional(whole(-1_000_000, 10_000_000)),
      status: v.optional(whole(200, 599)),
      body: v.optional(v.custom(isJson, 'must be text or JSON')),
      delayMs: v.optional(whole(0, 600_000)),
      drop: v.optional(v.picklist(['before', 'after'], 'must be before or after')),
      times: v.optional(whole(1, 1_000_000)),
    },
    v.never('is no field of a fault'),
    'must be an object',
  ),
  v.check(
    ({ errcode, status, body, delayMs, drop }) =>
      [errcode, status, body, delayMs, drop].some((effect) => effect !== undefined),
    'needs at least one of errcode, status, body, delayMs, drop',
  ),
  v.check(
    ({ errcode, body }) => errcode === undefined || body === undefined,
    'errcode and body: use one of them, both are the answer',
  ),
  v.check(
    ({ errcode, status, body, drop }) =>
      drop === undefined || [errcode, status, body].every((effect) => effect === undefined),
    'drop: goes with delayMs and times only, nothing is answered',
  ),
)

/** The faults, and the one that a request meets. */
export interface FaultQueue extends SandboxFaults {
  /** The first fault of this endpoint, one use of it spent. */
  take(path: string): SandboxFault | undefined
}

/** @throws {@link SandboxError} naming each wrong field */
const readFault = (fault: unknown): SandboxFault => check(schema, fault, 'fault: ')

export function createFaults(): FaultQueue {
  let queue: SandboxFault[] = []
  const list = (): SandboxFault[] => queue.map((fault) => ({ ...fault }))

  return {
    add(fault) {
      const read = readFault(fault)
      if (queue.length >= maxFaults) {
        throw new SandboxError('SANDBOX_TOO_MANY', `There are ${String(maxFaults)} faults already.`)
      }
      queue.push(read)
      return list()
    },
    list,
    clear() {
      queue = []
    },
    take(path) {
      const fault = queue.find(({ endpoint }) => endpoint === path)
      if (fault?.times === undefined) return fault
      fault.times -= 1
      if (fault.times === 0) queue.splice(queue.indexOf(fault), 1)
      return fault
    },
  }
}
