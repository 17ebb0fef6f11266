import type { WorldClock } from '../clock.js'
import type { Sandbox } from '../types.js'
import { createPhone } from './phone.js'
import type { PhoneTimers, PhoneWeChat, SandboxDevice, SandboxDeviceOptions } from './types.js'

interface Timer {
  readonly due: number
  readonly run: () => void
  real: ReturnType<typeof setTimeout>
}

/** Timers by the sandbox' clock: they go with real time, and at once where the clock is turned past them. */
export function createTimers(clock: WorldClock): PhoneTimers {
  const timers = new Set<Timer>()

  function fire(timer: Timer): void {
    clearTimeout(timer.real)
    timers.delete(timer)
    timer.run()
  }

  function wait(timer: Timer): void {
    timer.real = setTimeout(() => {
      fire(timer)
    }, timer.due - clock.now())
  }

  clock.onAdvance(() => {
    for (const timer of [...timers].sort((a, b) => a.due - b.due)) {
      // One that ran before it may have cleared it.
      if (!timers.has(timer)) continue
      clearTimeout(timer.real)
      if (timer.due <= clock.now()) fire(timer)
      else wait(timer)
    }
  })

  return {
    setTimeout(run, ms) {
      const timer = { due: clock.now() + ms, run } as Timer
      timers.add(timer)
      wait(timer)
      return timer
    },
    clearTimeout(timer) {
      const known = timer as Timer | undefined
      if (!known) return
      clearTimeout(known.real)
      timers.delete(known)
    },
  }
}

/** A phone in the process of the sandbox. */
export function createDevice(
  sandbox: Pick<Sandbox, 'user'>,
  timers: PhoneTimers,
  name: string,
  { appid, ...options }: SandboxDeviceOptions & { appid: string },
): SandboxDevice {
  const wechat = (of: string): PhoneWeChat => {
    const user = sandbox.user(of)
    return {
      login: async () => ({ code: user.login({ appid }) }),
      checkSession: async () => user.checkSession(appid),
      phoneNumber: async (more) => user.phoneNumber({ ...more, appid }),
      userInfo: async (more) => user.userInfo({ ...more, appid }),
    }
  }
  return createPhone({ ...options, appid, wechat, user: name, timers })
}
