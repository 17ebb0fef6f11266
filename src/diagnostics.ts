const warned = new Set<string>()

/**
 * Tells the operator once a process about each set-up that works but should not stay so,
 * as a process warning (`node --trace-warnings` shows where, `process.on('warning')` catches it).
 */
export function warnOnce(code: string, message: string): void {
  const said = `${code}: ${message}`
  if (warned.has(said)) return
  warned.add(said)
  process.emitWarning(message, { type: 'WxLoginWarning', code })
}

/**
 * Runs an observer hook: neither its failure nor its slowness may reach the request,
 * so it is not awaited and what it throws is dropped with one warning.
 */
export function observe<A extends unknown[]>(
  name: string,
  hook: ((...args: A) => unknown) | undefined,
  ...args: A
): void {
  if (!hook) return
  const failed = (): void => {
    warnOnce(`WX_HOOK_${name}`, `the hook ${name} failed; hooks that observe must not throw`)
  }
  try {
    Promise.resolve(hook(...args)).catch(failed)
  } catch {
    failed()
  }
}
