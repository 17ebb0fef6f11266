/** Whether a parsed JSON value is an object: no list, no null, no plain value. */
export const isJsonObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
