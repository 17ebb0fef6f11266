import type { RunningProgram } from '../../scripts/miniprogram/runtime/phone.js'
import type { SandboxDevice } from '../../src/sandbox/phone/types.js'
import type { Home } from './home.js'
import type { PhoneWords } from './words.js'

export interface LifeParts {
  device: Pick<SandboxDevice, 'kill' | 'reopen' | 'background' | 'foreground'>
  home: Home
  words: PhoneWords
  /** Loads the mini program, which tells {@link Life.started} of itself; else {@link Life.notLoaded} has to be told. */
  load(): void
  changed(): void
}

/** The life of the mini program on the phone: cold starts, the background, and its end. */
export interface Life {
  readonly running: boolean
  readonly background: boolean
  /** A cold start, also of one that was never started. */
  start(): void
  started(program: RunningProgram): void
  notLoaded(): void
  kill(): void
  /** What a tap on the icon does: back to one that runs, else a cold start. */
  open(): void
  /** @param ms - then it comes back by itself; without, when the user wants it */
  toBackground(ms?: number): void
}

export function createLife({ device, home, words, load, changed }: LifeParts): Life {
  let state: 'closed' | 'running' | 'background' = 'closed'
  let program: RunningProgram | undefined
  let fresh = true
  let loading = false
  let ticking: ReturnType<typeof setInterval> | undefined

  function leaveScreen(): void {
    clearInterval(ticking)
    program?.end()
    program = undefined
  }

  function toForeground(): void {
    if (state !== 'background') return
    clearInterval(ticking)
    state = 'running'
    home.hide()
    device.foreground()
    program?.show()
    changed()
  }

  const life: Life = {
    get running() {
      return state !== 'closed'
    },
    get background() {
      return state === 'background'
    },
    start() {
      leaveScreen()
      // The phone comes with a mini program that runs.
      if (!fresh) device.reopen()
      fresh = false
      state = 'running'
      home.hide()
      // What is on its way becomes this start.
      if (!loading) load()
      loading = true
      changed()
    },
    started(next) {
      loading = false
      program = next
      // It was closed while its code was on the way.
      if (state === 'closed') leaveScreen()
    },
    notLoaded() {
      loading = false
    },
    kill() {
      leaveScreen()
      device.kill()
      state = 'closed'
      fresh = false
      home.show(words.closed)
      changed()
    },
    open() {
      if (state === 'background') toForeground()
      else life.start()
    },
    toBackground(ms) {
      if (state === 'closed') return
      clearInterval(ticking)
      if (state === 'running') {
        program?.hide()
        device.background()
      }
      state = 'background'
      if (ms === undefined) {
        home.show(words.inBackground)
      } else {
        const until = Date.now() + ms
        const left = (): number => Math.ceil((until - Date.now()) / 1000)
        home.show(words.inBackgroundFor(left()))
        ticking = setInterval(() => {
          if (Date.now() >= until) toForeground()
          else home.say(words.inBackgroundFor(left()))
        }, 100)
      }
      changed()
    },
  }
  return life
}
