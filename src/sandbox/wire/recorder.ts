import type { WireOutcome, WireParty } from './types.js'

/**
 * One side of an exchange as it was, secrets and all. It is kept, not looked at: masking costs something, and nearly
 * always nobody reads. What is given must not be changed afterwards.
 */
export type WireContent =
  | {
      kind: 'http'
      /** The request line or the status line. */
      line: string
      /** Names and values in turn, as `IncomingMessage.rawHeaders`. */
      headers: readonly string[]
      /** Undefined where there is none. */
      body?: string | Uint8Array | undefined
      /** What is shown in place of a body that was not kept. */
      omitted?: string | undefined
      /** Of a request: scheme, host and port of the server, where they are not in the headers. */
      origin?: string | undefined
    }
  | {
      /** A command of a store, as `['GETEX', 'wx:sess:…', 'EX', '60']`. */
      kind: 'command'
      args: readonly string[]
    }
  | {
      /** What something that is not HTTP was called with or gave: JSON. */
      kind: 'value'
      value: unknown
    }

/** How an exchange begins. */
export interface WireStart {
  from: WireParty
  to: WireParty
  /** In short, without secrets: what looks like one is masked all the same. */
  title: string
  /** The sandbox' user whom it concerns, where that is known by now. */
  user?: string | null | undefined
  request: WireContent
}

/** How an exchange ends. */
export interface WireEnd {
  outcome: Exclude<WireOutcome, 'open'>
  status?: number | null | undefined
  errcode?: number | null | undefined
  /** What went wrong, as a code or a few words; of a server's answer it is read from the body. */
  error?: string | null | undefined
  user?: string | null | undefined
  /** The fault that was ordered for it. */
  fault?: string | null | undefined
  response?: WireContent | undefined
}

/** An exchange under way. */
export interface WireExchange {
  /** Once; what comes later is not heard. */
  end(end: WireEnd): void
}

/** Takes down what the parties say to each other. Cheap: nothing is copied, parsed or masked here. */
export interface WireRecorder {
  /**
   * An exchange begins; it is seen as `open` until its end.
   *
   * @example
   * ```ts
   * const { end } = wire.begin({
   *   from: 'server',
   *   to: 'redis',
   *   title: 'GET wx:sess:…',
   *   request: { kind: 'command', args: ['GET', key] },
   * })
   * end({ outcome: 'answered', response: { kind: 'value', value: reply } })
   * ```
   */
  begin(start: WireStart): WireExchange
}
