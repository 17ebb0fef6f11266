import * as v from 'valibot'
import { SandboxError } from './sandbox-error.js'

/** The value, checked. @throws {@link SandboxError} that names each wrong field */
export function check<S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  prefix = '',
): v.InferOutput<S> {
  const result = v.safeParse(schema, value)
  if (result.success) return result.output
  const faults = result.issues.map((issue) => {
    const path = v.getDotPath(issue)
    // An object schema reports a missing field under its own message.
    const missing = issue.type.startsWith('object') && issue.expected !== 'Object'
    const message = missing ? 'is missing' : issue.message
    return path === null ? message : `${path}: ${message}`
  })
  throw new SandboxError('SANDBOX_BAD_REQUEST', prefix + [...new Set(faults)].join('; '))
}
