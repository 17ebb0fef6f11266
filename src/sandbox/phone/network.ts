import { disconnected, type Failure, interrupted, timedOut } from './failure.js'
import type { PhoneTimers, SandboxNetwork } from './types.js'

/** https://developers.weixin.qq.com/miniprogram/dev/framework/ability/network.html */
const maxTimeout = 60_000
const maxAtOnce = 10
const backgroundGrace = 5000

/** One exchange with a server or with WeChat. */
export interface Transfer<T> {
  readonly done: Promise<T>
  fail(failure: Failure): void
}

export interface TransferOptions<T> {
  /** Ten of one kind go at once. Undefined: WeChat's own, which the limits of the mini program do not concern. */
  kind?: 'request' | 'uploadFile' | undefined
  timeout?: number | undefined
  /** Does it; the signal ends it. */
  run(signal: AbortSignal): Promise<T>
}

/** The connection of a phone. */
export interface Network {
  status: SandboxNetwork
  transfer<T>(options: TransferOptions<T>): Transfer<T>
  background(): void
  foreground(): void
  /** Ends everything that is under way. */
  cut(failure: Failure): void
}

interface Underway {
  readonly kind: TransferOptions<unknown>['kind']
  fail(failure: Failure): void
}

export function createNetwork(timers: PhoneTimers): Network {
  const underway = new Set<Underway>()
  const active = { request: 0, uploadFile: 0 }
  const waiting: Record<keyof typeof active, (() => void)[]> = { request: [], uploadFile: [] }
  let status: SandboxNetwork = 'online'
  let inBackground = false
  let grace: unknown

  function enter(kind: keyof typeof active, start: () => void): void {
    if (active[kind] >= maxAtOnce) {
      waiting[kind].push(start)
      return
    }
    active[kind] += 1
    start()
  }

  function leave(kind: keyof typeof active): void {
    active[kind] -= 1
    const next = waiting[kind].shift()
    if (next) enter(kind, next)
  }

  function begin<T>(
    { kind, timeout = maxTimeout, run }: TransferOptions<T>,
    end: { resolve(value: T): void; reject(error: unknown): void },
  ): Underway {
    const controller = new AbortController()
    let started = false
    let settled = false

    const settle = (give: () => void): void => {
      if (settled) return
      settled = true
      timers.clearTimeout(timer)
      underway.delete(self)
      if (kind && started) leave(kind)
      give()
    }
    // What arrives where everything is lost is lost.
    const arrive = (give: () => void): void => {
      if (status !== 'silent') settle(give)
    }
    const self: Underway = {
      kind,
      fail(failure) {
        settle(() => {
          end.reject(failure)
          controller.abort(failure)
        })
      },
    }
    const start = (): void => {
      started = true
      if (kind && settled) leave(kind)
      if (settled || status === 'silent') return
      run(controller.signal).then(
        (value) => {
          arrive(() => {
            end.resolve(value)
          })
        },
        (error: unknown) => {
          arrive(() => {
            end.reject(error)
          })
        },
      )
    }

    const timer = timers.setTimeout(
      () => {
        self.fail(timedOut())
      },
      Math.min(timeout, maxTimeout),
    )
    underway.add(self)
    if (kind) enter(kind, start)
    else start()
    return self
  }

  function cut(failure: Failure): void {
    for (const one of underway) one.fail(failure)
  }

  return {
    get status() {
      return status
    },
    set status(next) {
      status = next
      if (next === 'offline') cut(disconnected())
    },
    transfer<T>(options: TransferOptions<T>): Transfer<T> {
      let self: Underway | undefined
      const done = new Promise<T>((resolve, reject) => {
        if (options.kind && inBackground) reject(interrupted())
        else if (status === 'offline') reject(disconnected())
        else self = begin(options, { resolve, reject })
      })
      return {
        done,
        fail(failure) {
          self?.fail(failure)
        },
      }
    },
    background() {
      if (inBackground) return
      inBackground = true
      grace = timers.setTimeout(() => {
        for (const one of underway) if (one.kind) one.fail(interrupted())
      }, backgroundGrace)
    },
    foreground() {
      inBackground = false
      timers.clearTimeout(grace)
    },
    cut,
  }
}
