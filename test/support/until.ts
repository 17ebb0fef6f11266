import { setTimeout as sleep } from 'node:timers/promises'

/** Waits until something is so; fails after `timeout` ms. What throws or rejects is not so yet. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeout = 10_000,
): Promise<void> {
  const end = performance.now() + timeout
  let cause: unknown
  for (;;) {
    try {
      if (await condition()) return
    } catch (error) {
      cause = error
    }
    if (performance.now() > end)
      throw new Error(`Not within ${String(timeout)} ms: ${String(condition)}`, { cause })
    await sleep(10)
  }
}
