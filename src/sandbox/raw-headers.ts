// Headers as `IncomingMessage.rawHeaders` has them.

/** Names and values in turn, as pairs. */
export function pairs(raw: readonly string[]): [string, string][] {
  const result: [string, string][] = []
  for (let i = 0; i + 1 < raw.length; i += 2) result.push([raw[i]!, raw[i + 1]!])
  return result
}

/** The first header of this lower-case name. */
export const headerOf = (raw: readonly string[], name: string): string | undefined =>
  pairs(raw).find(([one]) => one.toLowerCase() === name)?.[1]
